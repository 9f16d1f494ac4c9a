import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { VeilError, type EvaluationQuestion, type ShardRecord } from '../../protocol';
import { TallyFile } from '../tally-file';
import { differenceOf, readRecord, TALLIES } from './shard-folder';

export function shardName(shard: number, of: number): string {
  return `shard-${shard}-of-${of}`;
}

/** All shards of an evaluation, open for reading. */
export interface Shards {
  question: EvaluationQuestion;
  files: TallyFile[];
  close(): void;
}

/**
 * Open the results of an evaluation.
 * @param dir with a folder `shard-I-of-N` for each I from 0 on
 * @param kind of results that are wanted
 * @throws VeilError `not_found` when shards are missing or not done, `bad_request` when they are not parts of one evaluation or
 *   are damaged
 */
export async function openShards(dir: string, kind: EvaluationQuestion['kind']): Promise<Shards> {
  const records = await completeRecords(dir);
  const [first] = records;
  for (const record of records) {
    if (!isDeepStrictEqual(record.question, first.question)) {
      throw new VeilError(
        'bad_request',
        `Shards ${first.shard} and ${record.shard} in ${dir} are of different evaluations (${differenceOf(first, { ...record, shard: first.shard })}). Nothing was merged.`,
        'Evaluate one of them again, in a folder of its own.'
      );
    }
  }
  if (first.question.kind !== kind) {
    const other = first.question.kind;
    throw new VeilError('bad_request', `${dir} holds results of ${other}.`, `Use veilbook ${other} --merge.`);
  }
  const files: TallyFile[] = [];
  const close = () => files.splice(0).forEach(file => file.close());
  try {
    for (const { shard, of } of records) {
      files.push(TallyFile.open(join(dir, shardName(shard, of), TALLIES)));
    }
  } catch (error) {
    close();
    throw error;
  }
  return { question: first.question, files, close };
}

/** The record of every shard, by number. */
async function completeRecords(dir: string): Promise<ShardRecord[]> {
  const names = await readdir(dir).catch((thrown: NodeJS.ErrnoException) => {
    throw new VeilError('not_found', `${dir} cannot be read (${thrown.code}).`, 'Check the path.');
  });
  const found = names.flatMap(name => {
    const match = /^shard-(\d+)-of-(\d+)$/.exec(name);
    return match ? [{ shard: Number(match[1]), of: Number(match[2]) }] : [];
  });
  const divisions = [...new Set(found.map(({ of }) => of))];
  if (divisions.length !== 1) {
    const what = divisions.length === 0 ? 'no shards' : `shards of several divisions (of ${divisions.join(', of ')})`;
    throw new VeilError('not_found', `${dir} holds ${what}. Nothing was merged.`, 'Name the --out folder of the shards.');
  }
  const [of] = divisions;
  const records: ShardRecord[] = [];
  const missing: number[] = [];
  for (let shard = 0; shard < of; shard++) {
    const record = await readRecord(join(dir, shardName(shard, of)));
    if (record?.done) {
      records.push(record);
    } else {
      missing.push(shard);
    }
  }
  if (missing.length > 0) {
    const few = missing.slice(0, 10).join(', ') + (missing.length > 10 ? ', …' : '');
    throw new VeilError(
      'not_found',
      `${missing.length} of ${of} shards in ${dir} are not there or not done: ${few}. Nothing was merged.`,
      'Wait for them, or run them again: each goes on where it stopped.'
    );
  }
  return records;
}
