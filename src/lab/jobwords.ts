import type { TranslationBundle } from '@jupyterlab/translation';
import type { BatchJob, BatchRequest, BatchShard } from '../protocol';

export function stateOf(state: BatchJob['state'], trans: TranslationBundle): string {
  switch (state) {
    case 'pending':
      return trans.__('waiting');
    case 'running':
      return trans.__('running');
    case 'complete':
      return trans.__('done');
    case 'failed':
      return trans.__('failed');
    case 'deleting':
      return trans.__('being deleted');
  }
}

/** What is evaluated: `FDDB, clean`, `FDDB at ALPHA 0.8`, `FDDB, sweep over 8 ALPHAs`. */
export function subjectOf({ dataset, alpha, alphas }: BatchRequest, trans: TranslationBundle): string {
  const folder = dataset.split('/').filter(Boolean).at(-1) ?? dataset;
  if (alphas) {
    return trans._n('%2, sweep over %1 ALPHA', '%2, sweep over %1 ALPHAs', alphas.length, folder);
  }
  return alpha === undefined ? trans.__('%1, clean', folder) : trans.__('%1 at ALPHA %2', folder, alpha);
}

/** `71% · 6 of 8 shards`, and of the shards at work their images. */
export function progressOf({ share, shards }: BatchJob, trans: TranslationBundle): string {
  const heard = shards.filter(({ state, total }) => state === 'running' && total !== null);
  const sum = (count: (shard: BatchShard) => number | null) => heard.reduce((all, shard) => all + (count(shard) ?? 0), 0);
  const facts = [trans.__('%1%', Math.floor(100 * share))];
  if (shards.length > 1) {
    facts.push(trans.__('%1 of %2 shards', shards.filter(({ state }) => state === 'complete').length, shards.length));
  }
  if (heard.length > 0) {
    facts.push(
      trans.__(
        '%1 of %2 images',
        sum(({ done }) => done),
        sum(({ total }) => total)
      )
    );
  }
  return facts.join(' · ');
}

/** Why it waits or has failed, in the words of the cluster or of the program; null where nobody said anything. */
export function reasonOf({ state, message, shards }: BatchJob): string | null {
  const told = (wanted: BatchShard['state']) =>
    shards.find(shard => shard.state === wanted && shard.reason !== null)?.reason ?? null;
  switch (state) {
    case 'failed':
      return told('failed') ?? message;
    case 'pending':
      return told('pending');
    case 'running':
      return shards.some(shard => shard.state === 'running') ? null : told('pending');
    default:
      return null;
  }
}
