import { type V1Job, type V1Pod } from '@kubernetes/client-node';
import { Value } from '@sinclair/typebox/value';
import { type BatchJob, BatchRequest, type BatchShard, type BatchState } from '../protocol';
import { nameOf } from '../workspaces/kubernetes/names';
import { oneLine } from '../workspaces/kubernetes/snapshots';
import { indexesIn } from './indexes';
import { type Progress } from './log-lines';
import { REQUEST } from './names';
import { planOf, DATA, RESULTS } from './plan';
import { endOf, reasonOf, shardOf } from './pods';

/**
 * What users see of a Job.
 * @param pods the newest first
 * @param said how far a shard said it was, by its number
 */
export function viewOf(job: V1Job, pods: readonly V1Pod[], said: ReadonlyMap<number, Progress> = new Map()): BatchJob {
  const request = requestOf(job);
  const plan = request && planOf(request);
  const state = stateOf(job, pods);
  const shards = shardsOf(job, pods, said, state);
  const failed = conditionOf(job, 'Failed');
  return {
    name: nameOf(job),
    namespace: job.metadata?.namespace ?? '',
    state,
    created: time(job.metadata?.creationTimestamp) ?? new Date(0).toISOString(),
    finished: time(job.status?.completionTime) ?? time(failed?.lastTransitionTime),
    request,
    snapshot: plan?.snapshot ?? null,
    results: plan?.results ? `${plan.claim}:${plan.results.replace(RegExp(`^(${DATA}|${RESULTS})/?`), '')}` : null,
    share: shards.reduce((sum, one) => sum + shareOf(one), 0) / shards.length,
    shards,
    message: failed?.message ? oneLine(failed.message) : null
  };
}

export const isOver = ({ state }: BatchJob): boolean => state === 'complete' || state === 'failed';

/** Null where it is not what it should be: anybody who may change the Job may have written it. */
export function requestOf(job: V1Job): BatchRequest | null {
  try {
    const value: unknown = JSON.parse(job.metadata?.annotations?.[REQUEST] ?? 'null');
    if (Value.Check(BatchRequest, value)) {
      planOf(value);
      return value;
    }
  } catch {
    // Told as null.
  }
  return null;
}

function stateOf(job: V1Job, pods: readonly V1Pod[]): BatchState {
  if (job.metadata?.deletionTimestamp) {
    return 'deleting';
  }
  if (conditionOf(job, 'Complete')) {
    return 'complete';
  }
  if (conditionOf(job, 'Failed')) {
    return 'failed';
  }
  return (job.status?.succeeded ?? 0) > 0 || pods.some(({ status }) => status?.phase === 'Running') ? 'running' : 'pending';
}

function shardsOf(job: V1Job, pods: readonly V1Pod[], said: ReadonlyMap<number, Progress>, state: BatchState): BatchShard[] {
  const indexed = job.spec?.completionMode === 'Indexed';
  const complete = indexed ? indexesIn(job.status?.completedIndexes) : new Set(state === 'complete' ? [0] : []);
  const failed = indexed ? indexesIn(job.status?.failedIndexes) : new Set(state === 'failed' ? [0] : []);
  const own = new Map<number, V1Pod[]>();
  pods.forEach(pod => own.set(shardOf(pod), [...(own.get(shardOf(pod)) ?? []), pod]));
  return Array.from({ length: indexed ? (job.spec?.completions ?? 1) : 1 }, (_, shard) => {
    const [newest, ...older] = own.get(shard) ?? [];
    const over = complete.has(shard) ? 'complete' : failed.has(shard) || state === 'failed' ? 'failed' : null;
    const ended = [newest, ...older].map(pod => pod && endOf(pod)).find(end => end && end.exitCode !== 0);
    return {
      shard,
      state: over ?? (newest?.status?.phase === 'Running' ? 'running' : 'pending'),
      pod: newest ? nameOf(newest) : null,
      node: newest?.spec?.nodeName ?? null,
      pods: own.get(shard)?.length ?? 0,
      done: said.get(shard)?.done ?? null,
      total: said.get(shard)?.total ?? null,
      exit_code: ended?.exitCode ?? null,
      reason: over === 'complete' || newest === undefined ? null : reasonOf(newest)
    };
  });
}

function shareOf({ state, done, total }: BatchShard): number {
  return state === 'complete' ? 1 : done !== null && total !== null && total > 0 ? Math.min(1, done / total) : 0;
}

const conditionOf = (job: V1Job, wanted: string) =>
  job.status?.conditions?.find(({ type, status }) => type === wanted && status === 'True');

const time = (at: Date | string | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
