import { type V1Pod } from '@kubernetes/client-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BatchLog, VeilError } from '../protocol';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { ClusterError } from '../workspaces/kubernetes/failures';
import { nameOf } from '../workspaces/kubernetes/names';
import { linesOf, type LogLine } from './log-lines';
import { jobOf } from './look';
import { podsOf, shardOf } from './pods';
import { isOver, viewOf } from './view';

const PAUSE_MS = 2000;
/** Read again of what was read before: clocks are not the same, and lines that are known are left out by their times. */
const OVERLAP_SECONDS = 10;

/**
 * What the newest pod of each shard has printed, or of one.
 * @throws VeilError `not_found`, `forbidden`
 */
export async function logsOf(cluster: Cluster, name: string, shard?: number): Promise<BatchLog> {
  await jobOf(cluster, name);
  const pods = await newest(cluster, name, shard);
  const logs = [];
  for (const pod of pods) {
    const lines = linesOf(await cluster.log(nameOf(pod)).catch(nothingYet));
    logs.push({ pod: nameOf(pod), shard: shardOf(pod), lines: lines.map(({ text }) => text) });
  }
  if (logs.length === 0) {
    const what = shard === undefined ? `Job ${name} has no pods` : `Shard ${shard} of Job ${name} has no pod`;
    throw new VeilError('not_found', `${what} whose log could be read.`, 'veilbook job list says how it is.');
  }
  return { pods: logs };
}

export interface Following {
  shard?: number;
  signal?: AbortSignal;
  seen: (shard: number, text: string) => void;
}

/** Tell each line once, of the pods that there are and of those that come in their place, until the Job is over. */
export async function followLogs(cluster: Cluster, name: string, { shard, signal, seen }: Following): Promise<void> {
  const read = new Map<string, { at: string; asked: number }>();
  for (;;) {
    signal?.throwIfAborted();
    const job = await jobOf(cluster, name);
    const over = isOver(viewOf(job, []));
    const pods = await podsOf(cluster, name);
    for (const pod of pods.filter(one => shard === undefined || shardOf(one) === shard).reverse()) {
      const before = read.get(nameOf(pod));
      const asked = performance.now();
      const lines = await since(cluster, pod, before);
      lines.forEach(({ text }) => seen(shardOf(pod), text));
      read.set(nameOf(pod), { at: lines.at(-1)?.at ?? before?.at ?? '', asked });
    }
    if (over) {
      return;
    }
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

async function since(cluster: Cluster, pod: V1Pod, before?: { at: string; asked: number }): Promise<LogLine[]> {
  const sinceSeconds = before && Math.ceil((performance.now() - before.asked) / 1000) + OVERLAP_SECONDS;
  const log = await cluster.log(nameOf(pod), { sinceSeconds }).catch(nothingYet);
  return linesOf(log).filter(({ at }) => before === undefined || at > before.at);
}

async function newest(cluster: Cluster, name: string, shard?: number): Promise<V1Pod[]> {
  const pods = await podsOf(cluster, name);
  const first = new Map<number, V1Pod>();
  pods
    .filter(pod => shard === undefined || shardOf(pod) === shard)
    .forEach(pod => first.has(shardOf(pod)) || first.set(shardOf(pod), pod));
  return [...first.values()].sort((a, b) => shardOf(a) - shardOf(b));
}

/** A pod that waits has no log, nor one that has gone. */
function nothingYet(thrown: unknown): string {
  if (thrown instanceof ClusterError && [400, 404].includes(thrown.status)) {
    return '';
  }
  throw thrown;
}
