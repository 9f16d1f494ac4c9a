import { type V1Pod } from '@kubernetes/client-node';
import { type BatchJob, type BatchResult } from '../protocol';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { nameOf } from '../workspaces/kubernetes/names';
import { averageIn, closingIn, documentIn, linesOf } from './log-lines';
import { logTail } from './look';
import { endOf } from './pods';
import { HAS_RESULT, SOME_BAD } from './result-mark';

/** Of the report's lines there are as many as folds; progress is said every other second. */
const TAIL = 2000;
/**
 * What a Job that is over has found, from the log of the pod that has it.
 * @returns null where no pod has it (any more): with results on the claim it lies there
 */
export async function resultOf(cluster: Cluster, view: BatchJob, pods: readonly V1Pod[]): Promise<BatchResult | null> {
  const kept = view.results !== null;
  const holder = pods.find(pod => {
    const end = endOf(pod);
    return kept ? end?.message?.trim() === HAS_RESULT : end?.exitCode === 0 || end?.exitCode === SOME_BAD;
  });
  const lines = holder === undefined ? [] : linesOf(await logTail(cluster, nameOf(holder), TAIL));
  if (holder === undefined || lines.length === 0) {
    return null;
  }
  const document = documentIn(lines);
  const closing = closingIn(lines);
  const [average, bad] = [document?.average_ap, document?.bad];
  return {
    lines: closing,
    document,
    average_ap: typeof average === 'number' ? average : averageIn(closing),
    bad: typeof bad === 'number' ? bad : endOf(holder)?.exitCode === SOME_BAD ? null : 0,
    at: view.results
  };
}
