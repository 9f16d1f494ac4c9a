import { mkdir, open, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VeilError } from '../protocol';
import { DOCUMENT } from './log-lines';
import { HAS_RESULT, SOME_BAD } from './result-mark';

/** Runs a command of ours. @returns its exit code, and what it printed where that is wanted */
export type Program = (args: readonly string[], output: 'drop' | 'keep' | 'show') => Promise<{ code: number; printed: string }>;

export interface ShardWork {
  /** Folder that all shards share. */
  results: string;
  shard: number;
  shards: number;
  /** Tells this Job from an earlier one with the same folder; '' where nobody knows. */
  job: string;
  /** `evaluate` or `sweep` with what they are asked. */
  command: readonly string[];
}

/**
 * One shard's part, and, for whichever shard is the last one done, the merge of all. A pod that takes the place of another does
 * both again as far as they are not done, to the same end.
 * Whoever is done puts a mark into one folder and then reads that folder: of all shards the one whose mark came last sees all of them, also
 * where a network file system remembers folders for a while, because a client that changes a folder reads it anew.
 * @param say a line for the log
 * @returns an exit code: 0, or that of the program that failed
 * @throws VeilError `bad_request` for a folder with another division, `output_unwritable`
 */
export async function runShard(work: ShardWork, program: Program, say: (line: string) => void): Promise<number> {
  const { results, shard, shards, command } = work;
  await requireOneDivision(work);
  const part = await program([...command, '--shard', `${shard}/${shards}`, '--out', results], 'drop');
  if (!isDone(part.code)) {
    return part.code;
  }
  const done = await mark(work);
  if (done < shards) {
    say(`veilbook: shard ${shard} of ${shards} is done, as are ${done - 1} others`);
    return 0;
  }
  const [name] = command;
  const merged = await program([name, '--merge', results, '--json'], 'keep');
  if (!isDone(merged.code)) {
    return merged.code;
  }
  const document: unknown = JSON.parse(merged.printed);
  await writeWhole(join(results, 'result.json'), `${JSON.stringify(document, null, 2)}\n`, shard);
  const shown = await program([name, '--merge', results], 'show');
  if (!isDone(shown.code)) {
    return shown.code;
  }
  say(`${DOCUMENT}${JSON.stringify(document)}`);
  await lastWord();
  return 0;
}

/** Images that could not be used are told in the result; another try would find the same ones. */
const isDone = (code: number): boolean => code === 0 || code === SOME_BAD;

/** Before the work, not after it: parts of another division cannot be merged with these. */
async function requireOneDivision({ results, shards }: ShardWork): Promise<void> {
  const names = await readdir(results).catch(() => []);
  const other = names.find(name => /^shard-\d+-of-\d+$/.test(name) && !name.endsWith(`-of-${shards}`));
  if (other !== undefined) {
    throw new VeilError(
      'bad_request',
      `${results} holds ${other}, and this Job has ${shards} shards. Nothing was run.`,
      'Submit it with as many shards, or with other --results.'
    );
  }
}

/** @returns how many shards of this Job are done */
async function mark({ results, job, shard, shards }: ShardWork): Promise<number> {
  const folder = join(results, `.done-${job || 'job'}-${shards}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, String(shard)), '');
    return (await readdir(folder)).length;
  } catch (thrown) {
    throw unwritable(folder, thrown);
  }
}

/** Written aside and then renamed, so that nobody reads half of it; two shards that merge write the same. */
async function writeWhole(path: string, text: string, shard: number): Promise<void> {
  const aside = `${path}.${shard}.partial`;
  try {
    const file = await open(aside, 'w');
    await file.writeFile(text);
    await file.sync();
    await file.close();
    await rename(aside, path);
  } catch (thrown) {
    throw unwritable(path, thrown);
  }
}

/** The cluster keeps it with the pod's status. Elsewhere there is no such file. */
async function lastWord(): Promise<void> {
  await writeFile('/dev/termination-log', HAS_RESULT, { flag: 'r+' }).catch(() => undefined);
}

const unwritable = (path: string, thrown: unknown) =>
  new VeilError(
    'output_unwritable',
    `${path} cannot be written (${(thrown as Error).message}).`,
    'See that the claim has room and its group may write: --group.'
  );
