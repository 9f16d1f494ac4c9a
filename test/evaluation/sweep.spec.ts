import { Value } from '@sinclair/typebox/value';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SweepDocument, type EvaluationDocument } from '../../src/protocol';
import { veilbook } from '../cli/cli';
import { smallFddb } from './small-fddb';

jest.setTimeout(240_000);

let folder: string;
let env: NodeJS.ProcessEnv;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-sweep-'));
  env = { VEILBOOK_STATE_DIR: at('state') };
  await smallFddb(at('FDDB'), 9);
});
afterAll(() => rmSync(folder, { recursive: true }));

const sweep = (...args: string[]) => veilbook(['sweep', ...args], { env });
const small = () => ['--dataset', at('FDDB'), '--device', 'cpu'];

describe('veilbook sweep', () => {
  it('puts accuracy beside leakage, between knots none, and draws both', async () => {
    const [plot, page] = [at('sweep.svg'), at('sweep.html')];
    const { code, stdout } = await sweep(...small(), '--alphas', '0.3,0.8', '--json', '--plot', plot, '--report', page);
    const document = JSON.parse(stdout) as SweepDocument;
    expect([...Value.Errors(SweepDocument, document)]).toEqual([]);
    expect(document.rows.map(({ alpha, leakage }) => [alpha, leakage === null])).toEqual([
      [0.3, true],
      [0.8, false]
    ]);
    expect(document.clean.leakage).toBeGreaterThan(document.rows[1].leakage!);
    expect(document).toMatchObject({ images: 9, bad: 2, looks: { count: 2, weakest: 0.3 } });
    expect(document.looks!.alpha).toBeLessThan(0.8);
    expect(code).toBe(3);
    expect(readFileSync(plot, 'utf8')).toMatch(/^<svg [^]*recovered by the strongest attacker[^]*<\/svg>\n$/);
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('2 looks at it; that leaves ALPHA');
    expect(html).toContain('made/missing.jpg: does not exist.');
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(readdirSync(at('state/evaluations'))).toEqual([]);
  });

  it('finds without noise what evaluate finds, and merges from shards', async () => {
    const out = at('shards');
    for (const shard of ['0/2', '1/2']) {
      expect((await sweep(...small(), '--alphas', '0.4', '--shard', shard, '--out', out)).code).toBe(0);
    }
    const merged = await sweep('--merge', out, '--json');
    const { clean, rows } = JSON.parse(merged.stdout) as SweepDocument;
    const single = await veilbook(['evaluate', ...small(), '--json'], { env });
    const { folds, average_ap, pooled_ap } = JSON.parse(single.stdout) as EvaluationDocument;
    expect(clean).toMatchObject({ folds, average_ap, pooled_ap });
    expect(rows.map(({ alpha }) => alpha)).toEqual([0.4]);
    const table = (await sweep('--merge', out)).stdout.split('\n');
    expect(table[1]).toBe('ALPHA  average AP  pooled AP  retained  recovered');
    expect(table[2]).toMatch(/^clean .* 100\.0% +\d\d\.\d%$/);
    const other = await veilbook(['evaluate', '--merge', out], { env });
    expect(other.stderr).toMatch(/^veilbook: \S+ holds results of sweep\. Use veilbook sweep --merge\.\n$/);
    expect(other.code).toBe(2);
  });

  it.each([
    ['strengths that are none', ['--alphas', '0.2,1.5'], 2, 'between 0 and 1'],
    ['an ALPHA beyond the artefact', ['--alphas', '0.2,0.999'], 2, 'outside this artefact'],
    ['curves of a shard', ['--shard', '0/2', '--out', 'O', '--plot', 'P'], 2, 'no curves']
  ])('refuses %s in one line, and runs nothing', async (_, args, exit, words) => {
    const { code, stdout, stderr } = await sweep(...small(), ...args);
    expect(stderr).toMatch(/^veilbook: [^\n]+\n$/);
    expect(stderr).toContain(words);
    expect([code, stdout]).toEqual([exit, '']);
  });
});
