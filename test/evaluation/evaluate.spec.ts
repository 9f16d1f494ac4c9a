import { Value } from '@sinclair/typebox/value';
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EvaluationDocument } from '../../src/protocol';
import { veilbook } from '../cli/cli';
import { smallFddb } from './small-fddb';

jest.setTimeout(240_000);

const IMAGES = 12;
let folder: string;
let dataset: string;
let env: NodeJS.ProcessEnv;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-evaluate-'));
  dataset = at('FDDB');
  env = { VEILBOOK_STATE_DIR: at('state') };
  await smallFddb(dataset, IMAGES);
});
afterAll(() => rmSync(folder, { recursive: true }));

const evaluate = (...args: string[]) => veilbook(['evaluate', ...args], { env });
const clean = () => ['--dataset', dataset, '--device', 'cpu', '--workers', '2'];

/** Without what a second run cannot repeat. */
function figures(stdout: string): unknown {
  const { seconds, images_per_s, ...document } = JSON.parse(stdout) as EvaluationDocument;
  expect(seconds > 0 && images_per_s > 0).toBe(true);
  return document;
}

describe('veilbook evaluate', () => {
  let whole: unknown;

  it("ends with the report's lines, tells bad records and exits with 3", async () => {
    const { code, stdout, stderr } = await evaluate(...clean());
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^discrete score at 100, 500, 1000, 2000 false positives: [01]\.\d{4}, /);
    expect(lines[1]).toMatch(/^continuous score at /);
    expect(lines.slice(2, 5).map(line => line.split(':')[0])).toEqual([1, 2, 3].map(n => `FDDB-fold-${n} Val AP`));
    const [average, rule, map] = lines.slice(5);
    expect(average).toMatch(/^FDDB Dataset Average AP: \d/);
    expect(rule).toBe('______');
    expect(map).toBe(average.replace('FDDB Dataset Average AP', 'mAP'));
    expect(stderr).toContain(`veilbook: progress ${IMAGES + 2}/${IMAGES + 2}\n`);
    expect(stderr).toMatch(/made\/missing\.jpg: does not exist\.\n/);
    expect(stderr).toMatch(/made\/cut\.jpg: is truncated after /);
    expect(code).toBe(3);
    expect(readdirSync(at('state/evaluations'))).toEqual([]);
  });

  it('prints one JSON document that its schema accepts', async () => {
    const { stdout } = await evaluate(...clean(), '--json');
    const document = JSON.parse(stdout) as EvaluationDocument;
    expect([...Value.Errors(EvaluationDocument, document)]).toEqual([]);
    expect(document).toMatchObject({ dataset: 'FDDB', mode: 'clean', alpha: null, images: IMAGES, bad: 2, device: 'cpu' });
    expect(document.folds.map(({ images, bad }) => [images, bad])).toEqual([
      [4, 0],
      [4, 0],
      [4, 2]
    ]);
    whole = figures(stdout);
  });

  it('gives the same from shards, merged, and says which are missing before', async () => {
    const shards = at('shards');
    for (const shard of ['2/3', '0/3']) {
      const { code, stdout } = await evaluate(...clean(), '--shard', shard, '--out', shards, '--json');
      expect(JSON.parse(stdout)).toMatchObject({ shard: Number(shard[0]), of: 3, done: true });
      expect(code).toBe(0);
    }
    const early = await evaluate('--merge', shards);
    expect(early.stderr).toMatch(/^veilbook: 1 of 3 shards in \S+ are not there or not done: 1\. [^\n]+\n$/);
    expect(early.code).toBe(2);
    await evaluate(...clean(), '--shard', '1/3', '--out', shards);
    const merged = await evaluate('--merge', shards, '--json');
    expect(figures(merged.stdout)).toEqual(whole);
    expect(merged.code).toBe(3);
  });

  it('stops at Ctrl-C in one line and goes on where it stopped', async () => {
    const larger = at('larger');
    await smallFddb(larger, 40, false);
    const args = ['evaluate', '--dataset', larger, '--device', 'cpu', '--out', at('stopped'), '--json'];
    const stopped = await veilbook(args, { env, interruptWhenTold: /progress/ });
    const told = stopped.stderr.split('\n').filter(line => line !== '' && !line.includes('progress'));
    expect(told).toEqual([expect.stringMatching(/^veilbook: Stopped at \d+ of 40 images; .* The same command goes on/)]);
    expect([stopped.code, stopped.stdout]).toEqual([130, '']);
    const done = Number(/Stopped at (\d+)/.exec(stopped.stderr)![1]);
    expect(done).toBeLessThan(40);
    const resumed = await veilbook(args, { env });
    expect(resumed.code).toBe(0);
    const first = Number(/progress (\d+)\/40/.exec(resumed.stderr)![1]);
    expect(first).toBeGreaterThan(done);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ images: 40 });
    const again = await veilbook(args, { env });
    expect(figures(again.stdout)).toEqual(figures(resumed.stdout));
    expect(again.stderr).not.toContain('progress');
  });

  it('runs through the noise, never seeded, and names the artefact', async () => {
    const { code, stdout, stderr } = await evaluate(...clean(), '--noisy', '--alpha', '0.4', '--json');
    const document = JSON.parse(stdout) as EvaluationDocument;
    expect(document).toMatchObject({ mode: 'noisy', alpha: 0.4, images: IMAGES });
    expect(document.hashes.artefact).toMatch(/^[0-9a-f]{64}$/);
    expect(stderr).not.toContain('seen');
    expect(code).toBe(3);
  });

  it('keeps what was evaluated when the output cannot be written', async () => {
    const args = ['evaluate', ...clean()];
    const full = await veilbook(args, { env, stdout: openSync('/dev/full', 'w') });
    expect(full.stderr).toContain('The output could not be written');
    expect(full.code).toBe(6);
    const again = await veilbook(args, { env });
    expect(again.stderr).not.toContain('progress');
    expect(again.stdout).toContain('mAP: ');
  });
});

describe('veilbook evaluate refuses in one line, and runs nothing', () => {
  it.each<[string, string[], number, string]>([
    ['without a data set', [], 2, 'There is no data set'],
    ['a data set that is not there', ['--dataset', 'nowhere'], 2, 'nowhere'],
    ['--alpha without --noisy', ['--dataset', 'D', '--alpha', '0.8'], 2, '--noisy'],
    ['noise without ALPHA', ['--dataset', 'D', '--noisy'], 2, 'needs an ALPHA'],
    ['an ALPHA beyond the artefact', ['--dataset', 'D', '--noisy', '--alpha', '0.999'], 2, 'outside this artefact'],
    ['no model', ['--dataset', 'D', '--model', 'nothing-there'], 4, 'nothing-there'],
    ['a shard without a place', ['--dataset', 'D', '--shard', '0/2'], 2, '--out'],
    ['a shard that is none', ['--dataset', 'D', '--shard', '2/2', '--out', 'O'], 2, '0/8'],
    ['no workers', ['--dataset', 'D', '--workers', '0'], 2, 'whole number'],
    ['merging and running', ['--merge', 'O', '--dataset', 'D'], 2, '--merge runs nothing'],
    ['merging nothing', ['--merge', 'nowhere'], 2, 'cannot be read'],
    ['an unwritable place', ['--dataset', 'D', '--out', '/proc/nowhere'], 6, 'cannot be written']
  ])('%s', async (_, args, exit, words) => {
    const places: Record<string, string> = { D: dataset, O: at('unused') };
    const { code, stdout, stderr } = await evaluate(...args.map(arg => places[arg] ?? arg));
    expect(stderr).toMatch(/^veilbook: [^\n]+\n$/);
    expect(stderr).toContain(words);
    expect(stdout).toBe('');
    expect(code).toBe(exit);
    expect(existsSync(at('unused'))).toBe(false);
  });

  it('a folder that holds another evaluation', async () => {
    const out = at('other');
    mkdirSync(out);
    const one = await evaluate(...clean(), '--out', out);
    expect(one.code).toBe(3);
    const two = await evaluate(...clean(), '--noisy', '--alpha', '0.4', '--out', out);
    expect(two.stderr).toMatch(/^veilbook: \S+ holds another evaluation \(its artefact differs\)\. [^\n]+\n$/);
    expect(two.code).toBe(6);
  });
});
