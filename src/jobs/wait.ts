import { setTimeout as sleep } from 'node:timers/promises';
import { type BatchJob, type BatchResult, VeilError } from '../protocol';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { ClusterError } from '../workspaces/kubernetes/failures';
import { Watcher, type Looked } from './look';
import { resultOf } from './result';
import { SOME_BAD } from './result-mark';
import { isOver } from './view';

const FIRST_MS = 300;
const LONGEST_MS = 3000;

export interface Waiting {
  /** Default: as long as it takes. */
  seconds?: number;
  signal?: AbortSignal;
  seen?: (job: BatchJob) => void;
  /** Told in one line that the cluster does not answer; it is asked again. */
  trouble?: (line: string) => void;
}

export interface Ended {
  job: BatchJob;
  result: BatchResult | null;
  /** 0; 3 where images were left out; what a pod ended with for a Job that failed, 1 where that is not known. */
  exit: number;
}

/**
 * Look at a Job until it is over. Nothing is watched: pods may come and go, and a cluster that does not answer is asked again.
 * @throws VeilError `not_found`, `forbidden`, `timed_out`; what the signal says when stopped
 */
export async function waitForJob(cluster: Cluster, name: string, waiting: Waiting = {}): Promise<Ended> {
  const watcher = new Watcher(cluster, name);
  const deadline = performance.now() + (waiting.seconds ?? Infinity) * 1000;
  for (let pause = FIRST_MS; ; pause = Math.min(LONGEST_MS, pause * 1.5)) {
    waiting.signal?.throwIfAborted();
    const looked = await lookOrSay(watcher, waiting.trouble);
    if (looked !== null) {
      waiting.seen?.(looked.view);
      if (isOver(looked.view)) {
        const result = await resultOf(cluster, looked.view, looked.pods);
        return { job: looked.view, result, exit: exitOf(looked.view, result) };
      }
    }
    if (performance.now() > deadline) {
      const why = looked?.view.shards.find(({ reason }) => reason !== null)?.reason;
      const so = why ? `: ${why}` : '';
      throw new VeilError('timed_out', `Job ${name} is not over after ${waiting.seconds} s${so}.`, 'It goes on; wait again.');
    }
    await sleep(pause, undefined, { signal: waiting.signal }).catch(() => waiting.signal?.throwIfAborted());
  }
}

async function lookOrSay(watcher: Watcher, trouble?: (line: string) => void): Promise<Looked | null> {
  try {
    return await watcher.look();
  } catch (thrown) {
    if (thrown instanceof ClusterError && thrown.code === 'cluster_unavailable') {
      trouble?.(`${thrown.message} The Job goes on; asking again.`);
      return null;
    }
    throw thrown;
  }
}

function exitOf({ state, shards }: BatchJob, result: BatchResult | null): number {
  const some = result !== null && result.bad !== 0;
  if (state === 'complete' || some) {
    return some ? SOME_BAD : 0;
  }
  return shards.map(({ exit_code }) => exit_code).find(code => code !== null && code !== 0) ?? 1;
}
