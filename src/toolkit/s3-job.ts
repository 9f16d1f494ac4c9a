import { type V1Job, type V1Pod } from '@kubernetes/client-node';
import { VeilError, type S3Job } from '../protocol';
import { newId } from '../workspaces/ids';
import { lastEvent } from '../workspaces/kubernetes/claims';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { nameOf, uidOf } from '../workspaces/kubernetes/names';
import { waitFor, type Look } from '../workspaces/kubernetes/wait';
import { makeOrTake } from './make';
import { newestOf, whyPodWaits } from './reason';
import { operationOf, s3JobFor, S3_PREFIX, type S3JobRequest } from './s3-manifest';
import { requireClaim } from './snapshot-create';
import { type Making } from './triton-create';

/** A large bucket takes hours. */
const COPIED_SECONDS = 24 * 3600;

/**
 * Start a copy as a Job. Claim, Secret, ConfigMaps, rights, quota and admission are asked before it is made.
 * @throws VeilError `bad_request`, `not_found`, `forbidden`, `quota_exceeded`
 */
export async function createS3Job(
  cluster: Cluster,
  request: S3JobRequest,
  how: Pick<Making, 'dryRun'> = {}
): Promise<S3Job | null> {
  const operation = newId();
  const job = s3JobFor(`${S3_PREFIX}${operationOf(request)}-${operation}`, request);
  await requireClaim(cluster, request.claim);
  for (const name of request.authorities ?? []) {
    await requireThere(cluster, 'ConfigMap', name, 'veilbook create ca-config-map makes one');
  }
  await cluster.create('Job', job, true);
  if (how.dryRun) {
    return null;
  }
  return s3JobOf(cluster, await makeOrTake(cluster, 'Job', job, operation));
}

async function requireThere(cluster: Cluster, kind: 'ConfigMap', name: string, remedy: string): Promise<void> {
  if ((await cluster.find(kind, name)) === null) {
    throw new VeilError(
      'not_found',
      `There is no ${kind} ${name} in namespace ${cluster.namespace}. Nothing was made.`,
      `${remedy}.`
    );
  }
}

/** How a copy is. @throws VeilError `not_found`, also for a Job that is none of these */
export const showS3Job = async (cluster: Cluster, name: string): Promise<S3Job> => s3JobOf(cluster, await found(cluster, name));

async function found(cluster: Cluster, name: string): Promise<V1Job> {
  const job = await cluster.find('Job', name);
  const operation = job?.metadata?.labels?.['created-by-operation'] ?? '';
  if (job === null || !/^(get|put)-(bucket|object)$/.test(operation)) {
    throw new VeilError(
      'not_found',
      `There is no S3 Job ${name} in namespace ${cluster.namespace}.`,
      'kubectl get jobs lists them all.'
    );
  }
  return job;
}

async function s3JobOf(cluster: Cluster, job: V1Job): Promise<S3Job> {
  const name = nameOf(job);
  const { status, metadata } = job;
  const is = (wanted: string) =>
    status?.conditions?.some(({ type, status: value }) => type === wanted && value === 'True') ?? false;
  const state = is('Complete') ? 'complete' : is('Failed') ? 'failed' : (status?.active ?? 0) > 0 ? 'running' : 'waiting';
  const pods = await cluster.list('Pod', { labels: `job-name=${name}` });
  const newest = newestOf(pods);
  const said = newest === undefined ? [] : await lastLines(cluster, newest);
  const reason =
    state === 'complete'
      ? null
      : newest === undefined
        ? await lastEvent(cluster, 'Job', name)
        : (endOf(newest) ?? whyPodWaits(newest));
  return {
    name,
    namespace: cluster.namespace,
    operation: metadata?.labels?.['created-by-operation'] ?? '',
    state,
    failed_pods: status?.failed ?? 0,
    reason,
    said,
    begun: status?.startTime ? new Date(status.startTime).toISOString() : null,
    ended: status?.completionTime ? new Date(status.completionTime).toISOString() : null
  };
}

/** The line that a copy ended with. */
function endOf({ status }: V1Pod): string | null {
  const ended = status?.containerStatuses?.[0]?.state?.terminated;
  const line = (ended?.message ?? '').trim().split('\n').at(-1) ?? '';
  return ended === undefined || ended.exitCode === 0 ? null : line || `exit code ${ended.exitCode}`;
}

/** What it printed last, without the times. Nothing where its log may not be read, or there is none yet. */
async function lastLines(cluster: Cluster, pod: V1Pod): Promise<string[]> {
  const log = await cluster.log(nameOf(pod), { tailLines: 5 }).catch(() => '');
  return log
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.replace(/^\S+ /, ''));
}

/**
 * Wait until a copy is over; it goes on where this is stopped.
 * @returns it as it ended, `failed` too
 * @throws VeilError `timed_out`, `cancelled`
 */
export async function waitForS3Job(cluster: Cluster, name: string, how: Omit<Making, 'dryRun' | 'wait'> = {}): Promise<S3Job> {
  const { seconds = COPIED_SECONDS, signal, seen } = how;
  const look = async (): Promise<Look<S3Job>> => {
    const job = await showS3Job(cluster, name);
    const over = job.state === 'complete' || job.state === 'failed';
    return over ? { found: job } : { reason: job.reason ?? job.said.at(-1) ?? null };
  };
  return waitFor(look, { unless: `Copy ${name} goes on, and is not over`, seconds, signal, seen });
}

/**
 * Remove the Job of a copy with its pods; what was copied stays. A running one is stopped.
 * @throws VeilError `not_found`
 */
export async function deleteS3Job(cluster: Cluster, name: string): Promise<void> {
  const job = await found(cluster, name);
  await cluster.remove('Job', name, uidOf(job));
}
