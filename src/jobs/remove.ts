import { type Cluster } from '../workspaces/kubernetes/cluster';
import { uidOf } from '../workspaces/kubernetes/names';
import { jobOf } from './look';
import { cloneName, JOB_LABEL } from './names';

/**
 * Remove a Job with its pods and their logs, and the clone of a snapshot that it owns. What it wrote to the claim stays.
 * @returns what a person should know, a sentence each
 * @throws VeilError `not_found`, `forbidden`
 */
export async function removeJob(cluster: Cluster, name: string): Promise<string[]> {
  const job = await jobOf(cluster, name);
  const clone = await cluster.find('PersistentVolumeClaim', cloneName(name));
  await cluster.remove('Job', name, uidOf(job));
  const left = clone?.metadata?.labels?.[JOB_LABEL] === name && !clone.metadata.ownerReferences?.length;
  return left ? [`Claim ${cloneName(name)} was not made by submit and stays: kubectl delete pvc removes it.`] : [];
}
