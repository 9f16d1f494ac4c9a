import { type BatchJob, type BatchResult } from '../protocol';
import { barOf, percentOf, type ProgressWords } from './progress';

/** One bar over all shards. */
export const jobWords: ProgressWords<BatchJob> = {
  bar: job => `${barOf(job.share)} ${describe(job)}`,
  line: job => `${percentOf(job.share).trim()} ${describe(job)}`,
  every: 2000
};

/** `running, 3 of 8 shards done, 5 running · 120 of 286 images of those` */
function describe({ state, shards, request }: BatchJob): string {
  const count = (wanted: string) => shards.filter(one => one.state === wanted).length;
  const heard = shards.filter(({ state: is, total }) => is === 'running' && total !== null);
  const images = heard.reduce((sum, { done }) => sum + (done ?? 0), 0);
  const all = heard.reduce((sum, { total }) => sum + (total ?? 0), 0);
  const many = shards.length > 1 ? `, ${count('complete')} of ${shards.length} shards done, ${count('running')} running` : '';
  const of = heard.length === 0 ? '' : ` · ${images} of ${all} images${shards.length > 1 ? ' of those' : ''}`;
  const why = state === 'pending' || count('running') === 0 ? shards.find(({ reason }) => reason !== null)?.reason : null;
  const strength = request?.alphas
    ? ` at ALPHA ${request.alphas.join(', ')}`
    : request?.alpha
      ? ` at ALPHA ${request.alpha}`
      : '';
  return `${state}${strength}${many}${of}${why ? ` · ${why}` : ''}`;
}

export function jobTable(jobs: readonly BatchJob[]): string {
  if (jobs.length === 0) {
    return 'No Jobs: veilbook job submit makes one.';
  }
  const width = Math.max(...jobs.map(({ name }) => name.length));
  return jobs
    .map(({ name, state, created, shards, message, request, results }) => {
      const done = `${shards.filter(one => one.state === 'complete').length}/${shards.length}`;
      const alphas = request?.alphas ?? (request?.alpha === undefined ? [] : [request.alpha]);
      const why = message ?? shards.find(({ reason }) => reason !== null)?.reason;
      const notes = [
        request?.dataset,
        alphas.length > 0 ? `ALPHA ${alphas.join(', ')}` : '',
        results === null ? '' : `results in ${results}`,
        state === 'complete' ? '' : why
      ].filter(note => note);
      return `${name.padEnd(width)}  ${state.padEnd(8)}${done.padStart(7)}  ${created.slice(0, 19)}Z  ${notes.join('; ')}`.trimEnd();
    })
    .join('\n');
}

export function submittedText({ job, made, notes }: { job: BatchJob; made: boolean; notes: string[] }): string {
  const pods = job.shards.length === 1 ? 'one pod' : `${job.shards.length} shards`;
  const did = made ? `Job ${job.name} was made, of ${pods}.` : `Job ${job.name} was made before (${job.state}).`;
  return [did, ...notes, `veilbook job wait ${job.name} --namespace ${job.namespace} follows it.`].join('\n');
}

/** What is said on stderr once it is over. */
export function jobLines({ name, state, message, shards, results }: BatchJob, result: BatchResult | null): string[] {
  const bad = shards.filter(one => one.state === 'failed');
  const which = bad.length < shards.length ? ` of shard ${bad.map(({ shard }) => shard).join(', ')}` : '';
  const why = bad.find(({ reason }) => reason !== null)?.reason ?? message;
  const failed = state === 'failed' && result === null ? [`Job ${name} has failed${which}${why ? `: ${why}` : '.'}`] : [];
  const gone = state === 'complete' && result === null ? ['The pod with the result is gone, and its log with it.'] : [];
  const bads = result !== null && result.bad !== 0 ? [`${result.bad ?? 'Some'} images could not be used.`] : [];
  const kept = results !== null && state === 'complete' ? [`The result lies at ${results}/result.json.`] : [];
  return [...failed, ...gone, ...bads, ...kept];
}

/** The closing lines as the pod printed them. */
export const resultText = ({ lines }: BatchResult): string => lines.join('\n');
