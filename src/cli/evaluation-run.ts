import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openDataset, type Dataset } from '../evaluation/datasets';
import { openShards, ShardFolder, shardName, type Shards } from '../evaluation/run';
import { modelRef } from '../models';
import { VERSION, type EvaluationQuestion } from '../protocol';
import { openPrivateDir, resolveStateDir } from '../sidecar/state-dir';
import { type Shard } from './evaluation-flags';
import { looksOf } from './evaluation-leakage';
import { runShard, type Evaluation } from './evaluation-shard';
import { print } from './output';
import { makeFolder, unwritable } from './picture-folder';

const WHOLE: Shard = { shard: 0, of: 1 };

/**
 * Evaluate what the flags ask for, going on where a former run stopped, and give `use` the tallies of all images. Of one shard
 * among several that shard is evaluated, and `use` is not called.
 * @throws VeilError `cancelled` after Ctrl-C, with what is needed to go on
 */
export async function evaluateAll(evaluation: Evaluation, use: (shards: Shards) => void | Promise<void>): Promise<void> {
  const { flags, kind } = evaluation;
  const dataset = await openDataset(flags.dataset!, { format: flags.format, category: flags.category });
  const question = await questionOf(evaluation, dataset);
  const shard = flags.shard ?? WHOLE;
  const results = flags.out ?? ownPlace(question);
  const dir = join(results, shardName(shard.shard, shard.of));
  await makeFolder(resolve(dir)).catch(thrown => {
    throw unwritable(dir, thrown, 'Nothing was run.');
  });
  const folder = await ShardFolder.open(dir, { question, ...shard });
  if (!folder.done) {
    await runShard(evaluation, dataset, folder, shard);
  }
  if (shard.of > 1) {
    const next = `veilbook ${kind} --merge ${results}`;
    print(
      flags.json ? { schema: 1, ...shard, done: true } : `Shard ${shard.shard} of ${shard.of} is done; all together: ${next}`
    );
    return;
  }
  await mergeAll(results, kind, use);
  if (flags.out === undefined) {
    await rm(results, { recursive: true, force: true });
  }
}

/** Give `use` the tallies of shards that were evaluated elsewhere. @throws VeilError as `openShards` */
export async function mergeAll(
  dir: string,
  kind: EvaluationQuestion['kind'],
  use: (shards: Shards) => void | Promise<void>
): Promise<void> {
  const shards = await openShards(dir, kind);
  try {
    await use(shards);
  } finally {
    shards.close();
  }
}

async function questionOf({ kind, flags, model, strengths }: Evaluation, dataset: Dataset): Promise<EvaluationQuestion> {
  return {
    kind,
    dataset: {
      name: dataset.name,
      format: dataset.format,
      category: flags.category ?? null,
      sha256: await dataset.digest(),
      folds: dataset.folds.map(({ name }) => name)
    },
    model: modelRef(model),
    artefact: strengths.some(({ alpha }) => alpha !== null) ? model.obfuscation!.sha256 : null,
    strengths,
    looks: kind === 'sweep' ? looksOf(model, strengths) : null,
    version: VERSION
  };
}

/** Where this question goes on after Ctrl-C when no --out is given. */
function ownPlace(question: EvaluationQuestion): string {
  const evaluations = join(resolveStateDir(), 'evaluations');
  openPrivateDir(evaluations);
  return join(evaluations, createHash('sha256').update(JSON.stringify(question)).digest('hex').slice(0, 16));
}
