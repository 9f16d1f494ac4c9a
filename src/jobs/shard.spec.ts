import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runShard, type Program, type ShardWork } from './shard';

const DOCUMENT = { schema: 1, average_ap: 0.9, bad: 0 };

let results = '';
let said: string[] = [];
beforeEach(() => {
  results = mkdtempSync(join(tmpdir(), 'veilbook-shard-'));
  said = [];
});
afterEach(() => rmSync(results, { recursive: true }));

const work = (shard: number, job = 'one'): ShardWork => ({
  results,
  shard,
  shards: 3,
  job,
  command: ['evaluate', '--dataset', '/data']
});

/** In place of `veilbook evaluate`: a shard ends with a code, a merge prints the document. */
function programs(codes: Partial<Record<'shard' | 'merge', number>> = {}): { program: Program; asked: string[] } {
  const asked: string[] = [];
  const program: Program = async args => {
    asked.push(args.join(' '));
    const merge = args.includes('--merge');
    const printed = merge ? (args.includes('--json') ? JSON.stringify(DOCUMENT) : 'FDDB Dataset Average AP: 0.9') : '';
    return { code: codes[merge ? 'merge' : 'shard'] ?? 0, printed };
  };
  return { program, asked };
}
const run = (shard: number, { program } = programs(), job?: string) =>
  runShard(work(shard, job), program, line => said.push(line));
const result = () => JSON.parse(readFileSync(join(results, 'result.json'), 'utf8')) as unknown;

describe('the shards of a Job', () => {
  it('do their parts, and the last one done merges them', async () => {
    const { program, asked } = programs();
    for (const shard of [2, 0]) {
      expect(await run(shard, { program, asked })).toBe(0);
    }
    expect(asked).toEqual([
      `evaluate --dataset /data --shard 2/3 --out ${results}`,
      `evaluate --dataset /data --shard 0/3 --out ${results}`
    ]);
    expect(await run(1, { program, asked })).toBe(0);
    expect(result()).toEqual(DOCUMENT);
    expect(said.at(-1)).toBe(`veilbook: result ${JSON.stringify(DOCUMENT)}`);
  });

  it('merge at least once when several are done at the same moment', async () => {
    await Promise.all([0, 1, 2].map(shard => run(shard)));
    expect(result()).toEqual(DOCUMENT);
    expect(readdirSync(results).filter(name => name.endsWith('.partial'))).toEqual([]);
  });

  it('merge again in the pod that takes the place of the one that merged', async () => {
    for (const shard of [0, 1]) {
      await run(shard);
    }
    expect(await run(2, programs({ merge: 137 }))).toBe(137);
    expect(await run(2)).toBe(0);
    expect(result()).toEqual(DOCUMENT);
  });

  it('do not count those of an earlier Job in the same folder', async () => {
    for (const shard of [0, 1, 2]) {
      await run(shard);
    }
    const { program, asked } = programs();
    await run(0, { program, asked }, 'two');
    expect(asked).toHaveLength(1);
  });

  it('fail with the exit code of what failed, and leave no mark', async () => {
    expect(await run(0, programs({ shard: 4 }))).toBe(4);
    expect(readdirSync(results)).toEqual([]);
  });

  it('are refused before they begin where another division lies', async () => {
    mkdirSync(join(results, 'shard-0-of-8'));
    const { program, asked } = programs();
    await expect(run(0, { program, asked })).rejects.toMatchObject({ code: 'bad_request' });
    expect(asked).toEqual([]);
  });

  it('take images that could not be used for told: the result says how many', async () => {
    for (const shard of [0, 1, 2]) {
      expect(await run(shard, programs({ shard: 3, merge: 3 }))).toBe(0);
    }
    expect(result()).toEqual(DOCUMENT);
  });
});
