import { type V1ContainerStateTerminated, type V1Pod } from '@kubernetes/client-node';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { oneLine } from '../workspaces/kubernetes/snapshots';
import { selectorOf } from './names';

const INDEX = 'batch.kubernetes.io/job-completion-index';

/** A Job's pods, the newest first, those that are gone not among them. */
export async function podsOf(cluster: Cluster, job: string): Promise<V1Pod[]> {
  const age = ({ metadata }: V1Pod) => new Date(metadata?.creationTimestamp ?? 0).getTime();
  return (await cluster.list('Pod', { labels: selectorOf(job) })).sort((a, b) => age(b) - age(a));
}

/** Which part of the images it has; 0 in a Job of one pod. */
export const shardOf = ({ metadata }: V1Pod): number => Number(metadata?.annotations?.[INDEX] ?? 0);

export const endOf = ({ status }: V1Pod): V1ContainerStateTerminated | null =>
  status?.containerStatuses?.[0]?.state?.terminated ?? null;

/** Why it waits or has failed, in the words of the cluster or its own last ones; null where nobody said anything. */
export function reasonOf(pod: V1Pod): string | null {
  const { status } = pod;
  const ended = endOf(pod);
  if (ended !== null) {
    const last = (ended.message ?? '').trim().split('\n').at(-1) ?? '';
    return ended.exitCode === 0 ? null : oneLine(last.replace(/^veilbook: /, '')) || oneLine(ended.reason ?? '') || null;
  }
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const { reason, message } = status?.containerStatuses?.[0]?.state?.waiting ?? {};
  const waits = message ? `${reason}: ${message}` : null;
  return oneLine(unscheduled?.message ?? waits ?? status?.message ?? '') || null;
}
