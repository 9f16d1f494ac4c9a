import { readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Value } from '@sinclair/typebox/value';
import { ShardRecord, VeilError } from '../../protocol';
import { writeTallyFile, type TallyHeader } from '../tally-file';
import { mergeTallyFiles } from '../tally-merge';

export const RECORD = 'record.json';
export const TALLIES = 'tallies';
/** Files that are put together at once, and so are open at once. */
const FAN_IN = 64;

interface Block {
  from: number;
  to: number;
}

/**
 * The folder of one shard. While it is evaluated it holds blocks: tallies of the images whose ordinals are from…to. A block
 * appears whole or not at all, and only a chain of blocks from 0 on counts, so that a process that dies, or two that work on
 * the same shard, neither lose what was written nor count an image twice. When it is done one file holds all tallies.
 */
export class ShardFolder {
  private constructor(
    readonly dir: string,
    private readonly record: ShardRecord,
    private readonly chain: Block[]
  ) {}

  /**
   * Begin a shard, or go on with it.
   * @param dir a folder that is there
   * @throws VeilError `output_unwritable` when it cannot be written or holds another evaluation
   */
  static async open(dir: string, asked: Omit<ShardRecord, 'schema' | 'done'>): Promise<ShardFolder> {
    const record: ShardRecord = { schema: 1, ...asked, done: false };
    const known = await readRecord(dir);
    if (known && !isDeepStrictEqual({ ...known, done: false }, plain(record))) {
      const what = differenceOf(known, record);
      throw new VeilError(
        'output_unwritable',
        `${dir} holds another evaluation (${what}). Nothing was run.`,
        'Choose another --out, or remove that folder.'
      );
    }
    const folder = new ShardFolder(dir, known ?? record, chainOf(await blocksIn(dir)));
    if (!known) {
      await folder.writeRecord();
    }
    return folder;
  }

  /** Everything was evaluated, and `finish` has written it. */
  get done(): boolean {
    return this.record.done;
  }

  /** Ordinals below it are evaluated. */
  get next(): number {
    return this.chain.at(-1)?.to ?? 0;
  }

  /** Keep the tallies of a block that begins at `next`. @throws VeilError `output_unwritable` */
  async append(header: TallyHeader, records: Iterable<Uint8Array>): Promise<void> {
    await writeTallyFile(this.pathOf(header), header, records);
    this.chain.push({ from: header.from, to: header.to });
  }

  /** Put all blocks together and say that the shard is done. @throws VeilError `output_unwritable` */
  async finish(): Promise<void> {
    try {
      await this.putTogether();
    } catch (thrown) {
      // Another process that worked on this shard was sooner, and took the blocks away.
      if ((await readRecord(this.dir))?.done) {
        return;
      }
      throw thrown;
    }
    this.record.done = true;
    await this.writeRecord();
    await this.sweepUp();
  }

  private async putTogether(): Promise<void> {
    let parts = this.chain.map(block => this.pathOf(block));
    while (parts.length > FAN_IN) {
      const groups = Array.from({ length: Math.ceil(parts.length / FAN_IN) }, (_, i) =>
        parts.slice(i * FAN_IN, (i + 1) * FAN_IN)
      );
      const merged: string[] = [];
      for (const [i, group] of groups.entries()) {
        const to = join(this.dir, `merged-${process.pid}-${parts.length}-${i}`);
        await mergeTallyFiles(group, to);
        merged.push(to);
      }
      parts = merged;
    }
    await mergeTallyFiles(parts, join(this.dir, TALLIES));
  }

  private pathOf({ from, to }: Block): string {
    return join(this.dir, `block-${from}-${to}`);
  }

  private async writeRecord(): Promise<void> {
    const path = join(this.dir, RECORD);
    const beside = `${path}.${process.pid}.part`;
    try {
      await writeFile(beside, `${JSON.stringify(this.record, null, 2)}\n`);
      await rename(beside, path);
    } catch (thrown) {
      await unlink(beside).catch(() => undefined);
      const { code, message } = thrown as NodeJS.ErrnoException;
      throw new VeilError(
        'output_unwritable',
        `${path} cannot be written (${code ?? message}).`,
        'Choose a folder with space and permission by --out.'
      );
    }
  }

  /** What was put together is nobody's any more. */
  private async sweepUp(): Promise<void> {
    const names = await readdir(this.dir).catch(() => []);
    await Promise.all(
      names.filter(name => name !== RECORD && name !== TALLIES).map(name => unlink(join(this.dir, name)).catch(() => undefined))
    );
  }
}

/**
 * The record of a shard's folder; null where there is none.
 * @throws VeilError `output_unwritable` when it is something else
 */
export async function readRecord(dir: string): Promise<ShardRecord | null> {
  const path = join(dir, RECORD);
  const text = await readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') {
      return null;
    }
    throw new VeilError('output_unwritable', `${path} cannot be read (${thrown.code}).`, 'Check its permissions.');
  });
  if (text === null) {
    return null;
  }
  try {
    const record: unknown = JSON.parse(text);
    if (Value.Check(ShardRecord, record)) {
      return record;
    }
  } catch {
    // Told below, with what is JSON and no record.
  }
  throw new VeilError(
    'output_unwritable',
    `${path} is no record of an evaluation of this version. Nothing was run.`,
    'Remove the folder, or choose another --out.'
  );
}

/** As JSON gives it back: without what is undefined. */
function plain(record: ShardRecord): unknown {
  return JSON.parse(JSON.stringify(record));
}

/** What a person must know of two questions that are not one. */
export function differenceOf(known: ShardRecord, asked: ShardRecord): string {
  const [one, two] = [known, asked].map(({ question: { kind, dataset, model, artefact, strengths, version }, shard, of }) => ({
    kind,
    shards: `${shard} of ${of}`,
    'data set': `${dataset.name} ${dataset.sha256}`,
    model: JSON.stringify(model),
    artefact: `${artefact}`,
    strengths: strengths.map(({ alpha }) => alpha ?? 'clean').join(', '),
    version
  }));
  const names = Object.keys(one) as (keyof typeof one)[];
  return `its ${names.find(name => one[name] !== two[name]) ?? 'question'} differs`;
}

async function blocksIn(dir: string): Promise<Block[]> {
  return (await readdir(dir)).flatMap(name => {
    const match = /^block-(\d+)-(\d+)$/.exec(name);
    return match ? [{ from: Number(match[1]), to: Number(match[2]) }] : [];
  });
}

/** From 0 on, of blocks that begin at one place the one that reaches furthest. */
function chainOf(blocks: readonly Block[]): Block[] {
  const chain: Block[] = [];
  for (let at = 0; ;) {
    const [furthest] = blocks.filter(({ from, to }) => from === at && to > from).sort((a, b) => b.to - a.to);
    if (!furthest) {
      return chain;
    }
    chain.push(furthest);
    at = furthest.to;
  }
}
