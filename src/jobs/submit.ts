import { type V1Job, type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { type BatchJob, type BatchRequest, VeilError } from '../protocol';
import { makeOrFind } from '../workspaces/kubernetes/claims';
import { type Cluster, type Fresh } from '../workspaces/kubernetes/cluster';
import { ClusterError } from '../workspaces/kubernetes/failures';
import { nameOf, uidOf } from '../workspaces/kubernetes/names';
import { dataOf } from './data';
import { jobFor, onOneNode, withSharedLimit } from './manifest';
import { JOB_LABEL, MANIFEST } from './names';
import { viewOf } from './view';

export interface Submitted {
  job: BatchJob;
  /** False: the same had been submitted before, and goes on. */
  made: boolean;
  /** What a person should know, a sentence each. */
  notes: string[];
}

/**
 * Make a Job. Data, quota, rights and admission are asked before anything is made; asked for again with the same words, it is the
 * same Job.
 * @throws VeilError `not_found`, `bad_request`, `bad_alpha`, `forbidden`, `quota_exceeded`; `conflict` where another Job has the name
 */
export async function submit(cluster: Cluster, asked: BatchRequest): Promise<Submitted> {
  jobFor(asked);
  const { request, claim, clone } = await dataOf(cluster, asked);
  const wanted = jobFor(request);
  const notes: string[] = [];
  let job = await sameJob(cluster, wanted);
  const made = job === null;
  if (job === null) {
    const shared = (claim.spec?.accessModes ?? []).some(mode => ['ReadWriteMany', 'ReadOnlyMany'].includes(mode));
    const severalOnOne = !shared && (request.shards ?? 1) > 1;
    if (severalOnOne) {
      notes.push(`Claim ${request.claim} can be used on one node at a time: all shards run on the same one.`);
    }
    const placed = severalOnOne ? onOneNode(wanted) : wanted;
    if (clone !== null) {
      await cluster.create('PersistentVolumeClaim', clone, true);
    }
    job = await make(cluster, wanted, await tried(cluster, placed));
  }
  if (clone !== null) {
    await cloneFor(cluster, job, clone);
  }
  return { job: viewOf(job, []), made, notes };
}

/** Everything but the writing, of the Job and of a pod of it: only pods are measured against quota and pod security. */
async function tried(cluster: Cluster, job: Fresh<V1Job>): Promise<Fresh<V1Job>> {
  const answer = await cluster.create('Job', job, true);
  const { metadata, spec } = job.spec!.template;
  await cluster.create('Pod', { metadata: { ...metadata, generateName: `${nameOf(job)}-try-` }, spec }, true).catch(thrown => {
    // Without the right to create pods the Job is none the less allowed.
    if (!(thrown instanceof ClusterError && thrown.message.includes('does not allow to create pods'))) {
      throw thrown;
    }
  });
  const forgot = job.spec!.backoffLimitPerIndex !== undefined && answer.spec?.backoffLimitPerIndex === undefined;
  return forgot ? withSharedLimit(job) : job;
}

async function make(cluster: Cluster, wanted: Fresh<V1Job>, job: Fresh<V1Job>): Promise<V1Job> {
  try {
    return await cluster.create('Job', job);
  } catch (thrown) {
    // A create whose answer was lost is made again and then finds its own.
    const own = thrown instanceof ClusterError && thrown.status === 409 ? await sameJob(cluster, wanted) : null;
    if (own === null) {
      throw thrown;
    }
    return own;
  }
}

/** @returns null where the name is free */
async function sameJob(cluster: Cluster, { metadata }: Fresh<V1Job>): Promise<V1Job | null> {
  const found = await cluster.find('Job', metadata?.name ?? '');
  if (found === null) {
    return null;
  }
  const ours = found.metadata?.labels?.[JOB_LABEL] !== undefined;
  const same = ours && found.metadata?.annotations?.[MANIFEST] === metadata?.annotations?.[MANIFEST];
  if (same && !found.metadata?.deletionTimestamp) {
    return found;
  }
  const what = found.metadata?.deletionTimestamp ? 'a Job that is being deleted' : 'a Job that asks for something else';
  throw new VeilError(
    'conflict',
    `${nameOf(found)} is the name of ${what} in namespace ${cluster.namespace}. Nothing was made.`,
    ours ? `Choose another name, or remove it: veilbook job delete ${nameOf(found)}.` : 'Choose another name.'
  );
}

/** The claim that the Job reads goes when the Job goes; its pods wait for it. */
async function cloneFor(cluster: Cluster, job: V1Job, clone: Fresh<V1PersistentVolumeClaim>): Promise<void> {
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: nameOf(job), uid: uidOf(job) }];
  const owned = { ...clone, metadata: { ...clone.metadata, ownerReferences } };
  const isOwned = (found: V1PersistentVolumeClaim) =>
    found.metadata?.ownerReferences?.some(({ uid }) => uid === uidOf(job)) ?? false;
  try {
    await makeOrFind(cluster, owned, isOwned);
  } catch (thrown) {
    await cluster.remove('Job', nameOf(job), uidOf(job));
    throw thrown;
  }
}
