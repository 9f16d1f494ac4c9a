import { type V1Deployment, type V1Pod } from '@kubernetes/client-node';
import { lastEvent } from '../workspaces/kubernetes/claims';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { nameOf } from '../workspaces/kubernetes/names';
import { newestOf, whyNoPod, whyPodWaits } from './reason';

/**
 * Why no pod of a Deployment is ready, in the words of the cluster or the last ones of the program.
 * @param pods of that Deployment
 * @returns null where nobody said anything, or events may not be read
 */
export async function whyNotReady(cluster: Cluster, deployment: V1Deployment, pods: readonly V1Pod[]): Promise<string | null> {
  const newest = newestOf(pods);
  return newest === undefined ? whyNoPod(deployment) : (whyPodWaits(newest) ?? (await lastEvent(cluster, 'Pod', nameOf(newest))));
}
