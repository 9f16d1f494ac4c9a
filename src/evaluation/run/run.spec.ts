import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { Random } from '../../numerics/random';
import { EvaluationDocument, type EvaluationQuestion } from '../../protocol';
import { averagePrecision, type ScoredImage } from '../average-precision';
import { evaluationDocument, openShards, ShardFolder, shardName, ShardWriter } from '.';

const SHA = '0'.repeat(64);
const question: EvaluationQuestion = {
  kind: 'evaluate',
  dataset: { name: 'made', format: 'fddb', category: null, sha256: SHA, folds: ['first', 'second', 'empty'] },
  model: { name: 'none', head_sha256: SHA, tail_sha256: SHA },
  artefact: null,
  strengths: [{ alpha: null, leakage: null }],
  looks: null,
  version: 'test'
};

let results: string;
beforeEach(() => (results = mkdtempSync(join(tmpdir(), 'veilbook-shards-'))));
afterEach(() => rmSync(results, { recursive: true }));

const IMAGES = 150;
const images: ScoredImage[] = (() => {
  const random = new Random(7);
  const face = () => {
    const x = 4 * random.integer(10);
    return { x1: x, y1: 0, x2: x + 10, y2: 10 };
  };
  return Array.from({ length: IMAGES }, () => ({
    truth: Array.from({ length: random.integer(3) }, face),
    detections: Array.from({ length: random.integer(5) }, () => ({ ...face(), score: Math.fround(random.uniform()) }))
  }));
})();
const whole = averagePrecision(images).ap;
const foldOf = (ordinal: number) => (ordinal < 90 ? 'first' : 'second');

function dirOf(shard: number, of: number): string {
  const dir = join(results, shardName(shard, of));
  mkdirSync(dir, { recursive: true });
  return dir;
}

const open = (shard: number, of: number) => ShardFolder.open(dirOf(shard, of), { question, shard, of });

/** Go on with a shard, a block for each `every` images, until so many are done. */
async function run(folder: ShardFolder, shard: number, of: number, every: number, until = IMAGES): Promise<ShardWriter> {
  let writer = new ShardWriter(folder, [null]);
  let here = 0;
  for (let ordinal = folder.next; ordinal < until; ordinal++) {
    if (ordinal % of === shard) {
      const { truth, detections } = images[ordinal];
      const judged = { answers: [detections], width: 60, height: 20, device: 'cpu', versions: { made: '1' } };
      writer.add(foldOf(ordinal), ordinal, { truth: [...truth] }, judged);
      writer = ++here % every === 0 ? await writer.flush() : writer;
    }
  }
  return writer;
}

async function finish(shard: number, of: number, every: number): Promise<void> {
  await (await run(await open(shard, of), shard, of, every)).end();
}

async function read(): Promise<EvaluationDocument> {
  const shards = await openShards(results, 'evaluate');
  try {
    return evaluationDocument(shards);
  } finally {
    shards.close();
  }
}

describe('a shard', () => {
  it('gives what all images at once give, from more blocks than are open at once, and tidies up', async () => {
    await finish(0, 1, 1);
    const document = await read();
    expect([...Value.Errors(EvaluationDocument, document)]).toEqual([]);
    expect(document).toMatchObject({ images: IMAGES, bad: 0, pooled_ap: whole, device: 'cpu', versions: { made: '1' } });
    expect(document.folds.map(({ ap }) => ap)).toEqual([
      averagePrecision(images.slice(0, 90)).ap,
      averagePrecision(images.slice(90)).ap,
      null
    ]);
    expect(document.average_ap).toBe((document.folds[0].ap! + document.folds[1].ap!) / 2);
    expect(readdirSync(dirOf(0, 1)).sort()).toEqual(['record.json', 'tallies']);
  });

  it('goes on behind the last block of a process that was killed, half-written files aside', async () => {
    // Killed: what is in the writer's memory is lost.
    await run(await open(0, 1), 0, 1, 7, 100);
    writeFileSync(join(dirOf(0, 1), 'block-98-120.99.part'), 'half');
    const again = await open(0, 1);
    expect([again.done, again.next]).toEqual([false, 98]);
    await (await run(again, 0, 1, 11)).end();
    expect(await read()).toMatchObject({ images: IMAGES, pooled_ap: whole });
    expect((await open(0, 1)).done).toBe(true);
  });

  it('counts no image twice when two processes worked on it', async () => {
    const [one, two] = [await open(0, 1), await open(0, 1)];
    await run(one, 0, 1, 10, 60);
    await run(two, 0, 1, 25, 80);
    await finish(0, 1, 40);
    expect(await read()).toMatchObject({ images: IMAGES, pooled_ap: whole });
  });

  it('is done for a process that comes second to its end', async () => {
    const late = await run(await open(0, 1), 0, 1, 10);
    await finish(0, 1, 30);
    await late.end();
    expect(await read()).toMatchObject({ images: IMAGES, pooled_ap: whole });
  });

  it('merges with others, one that has no image among them', async () => {
    const few = IMAGES + 1;
    await Promise.all(Array.from({ length: few }, (_, shard) => finish(shard, few, 1)));
    expect(await read()).toMatchObject({ images: IMAGES, pooled_ap: whole });
  });
});

describe('shards are refused', () => {
  it('while one is not done', async () => {
    await finish(0, 2, 50);
    await run(await open(1, 2), 1, 2, 10);
    await expect(read()).rejects.toThrow('1 of 2 shards in');
  });

  it('of two divisions, of two questions, and damaged', async () => {
    await finish(0, 2, 50);
    await finish(1, 2, 50);
    const record = join(dirOf(1, 2), 'record.json');
    const written = readFileSync(record, 'utf8');
    writeFileSync(record, written.replace('"version": "test"', '"version": "other"'));
    await expect(read()).rejects.toThrow('different evaluations (its version differs)');
    writeFileSync(record, '{}');
    await expect(read()).rejects.toThrow('no record of an evaluation');
    writeFileSync(record, written);
    copyFileSync(record, join(dirOf(1, 2), 'tallies'));
    await expect(read()).rejects.toThrow('does not begin as a tally does');
    await finish(0, 3, 50);
    await expect(read()).rejects.toThrow('several divisions');
  });

  it('where the folder is that of another question, which stays as it was', async () => {
    await finish(0, 1, 50);
    const other = { question: { ...question, version: 'other' }, shard: 0, of: 1 };
    await expect(ShardFolder.open(dirOf(0, 1), other)).rejects.toMatchObject({ code: 'output_unwritable' });
    expect(existsSync(join(dirOf(0, 1), 'tallies'))).toBe(true);
  });
});
