import { type V1ContainerStatus, type V1Deployment, type V1Pod } from '@kubernetes/client-node';
import { oneLine } from '../workspaces/kubernetes/snapshots';

/** What every container says while it begins. */
const USUAL = ['ContainerCreating', 'PodInitializing'];

export function newestOf(pods: readonly V1Pod[]): V1Pod | undefined {
  const age = ({ metadata }: V1Pod) => new Date(metadata?.creationTimestamp ?? 0).getTime();
  return [...pods].sort((a, b) => age(a) - age(b)).at(-1);
}

/** What a quota or an admission refuses is said of the Deployment alone. */
export function whyNoPod({ status }: V1Deployment): string | null {
  const said = (wanted: string, value: string) =>
    status?.conditions?.find(({ type, status: is }) => type === wanted && is === value)?.message;
  return oneLine(said('ReplicaFailure', 'True') ?? said('Progressing', 'False') ?? '') || null;
}

/** What a pod's own status says; null where it only takes its time. */
export function whyPodWaits({ status }: V1Pod): string | null {
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const said = unscheduled?.message ?? containers.map(whyContainerWaits).find(why => why !== null) ?? status?.message;
  return oneLine(said ?? '') || null;
}

/** What it ended with explains more than that it is started again. */
function whyContainerWaits({ name, state, lastState, ready }: V1ContainerStatus): string | null {
  const ended = state?.terminated ?? (ready ? undefined : lastState?.terminated);
  if (ended !== undefined && (ended.exitCode !== 0 || state?.waiting !== undefined)) {
    const last = (ended.message ?? '').trim().split('\n').at(-1) ?? '';
    return `${name} ended with exit code ${ended.exitCode}${ended.reason ? ` (${ended.reason})` : ''}${last ? `: ${last}` : ''}`;
  }
  const { reason, message } = state?.waiting ?? {};
  return reason === undefined || USUAL.includes(reason) ? null : message ? `${reason}: ${message}` : reason;
}
