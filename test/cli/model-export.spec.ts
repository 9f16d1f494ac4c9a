import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadDetector, type DetectorModel } from '../../src/models';
import { readOnnx } from '../../src/models/onnx';
import { Detector } from '../../src/pipeline/detector';
import { filled, largestDifference, open, uniform } from '../graphs/run';
import { modelWithArtefact } from '../support/artefact';
import { root, veilbook } from './cli';

jest.setTimeout(120_000);

let dir: string;
let folder: string;
let model: DetectorModel;

beforeAll(async () => {
  dir = await modelWithArtefact();
  folder = mkdtempSync(join(tmpdir(), 'veilbook-export-'));
  model = await loadDetector(dir);
});
afterAll(() => [dirname(dir), folder].forEach(path => rmSync(path, { recursive: true })));

describe('veilbook model export', () => {
  it('writes what runs here: the same boxes and scores to 1e-5', async () => {
    const detector = await Detector.open(model, { kind: 'cpu', index: 0 }, 1);
    const activation = { dims: [1, 128, 32, 32], data: filled([128, 32, 32], uniform(3)).data.map(Math.abs) };
    for (const alpha of ['0.4', '0.9']) {
      const file = join(folder, `at-${alpha}.onnx`);
      const { code, stdout } = await veilbook(['model', 'export', dir, '--alpha', alpha, '--out', file, '--json']);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        schema: 1,
        file,
        alpha: Number(alpha),
        server: alpha === '0.9' ? ['filter', 'denoiser', 'tail'] : ['filter', 'denoiser'],
        inputs: [{ name: 'activation', shape: [null, 128, 32, 32] }],
        artefact: { meaning: expect.stringContaining('the strongest attacker it was calibrated to') }
      });
      const graph = readOnnx(readFileSync(file), file);
      expect(graph.graph.name).toBe('face_detection_noisy');
      expect(graph.metadataProps.map(({ key }) => key)).toEqual([
        'veilbook',
        'alpha',
        'artefact_sha256',
        'head_sha256',
        'tail_sha256'
      ]);
      const exported = await (await open(graph))({ activation });
      const local = await detector.forwardTail({ data: activation.data, shape: activation.dims }, Number(alpha));
      for (const name of ['loc', 'conf'] as const) {
        const { data, shape } = local[name];
        expect(largestDifference({ dims: shape, data: data as Float32Array }, exported[name])).toBeLessThan(1e-5);
      }
    }
    await detector.release();
  });

  it('says what it wrote and what ALPHA means, and replaces nothing unasked', async () => {
    const file = join(folder, 'server.onnx');
    const args = ['model', 'export', dir, '--alpha', '0.1', '--out', file];
    const { stdout } = await veilbook(args);
    expect(stdout).toMatch(
      /server\.onnx {2}[\d.]+ MB: filter, tail\nALPHA 0\.1: the strongest attacker it was calibrated to recovers/
    );
    const first = readFileSync(file);
    writeFileSync(file, 'mine');
    expect(await veilbook(args)).toMatchObject({ code: 6, stderr: expect.stringMatching(/is there already[^\n]*\n$/) });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect((await veilbook([...args, '--force'])).code).toBe(0);
    expect(readFileSync(file).equals(first)).toBe(true);
  });

  it.each<[string, string[], number, RegExp]>([
    ['no ALPHA', [], 2, /--alpha/],
    ['an ALPHA outside the knots', ['--alpha', '0.99'], 2, /ALPHA 0\.99 is outside this artefact's 0\.1 … 0\.9/],
    ['an ALPHA that is no number', ['--alpha', 'much'], 2, /must be a number/]
  ])('refuses %s in one line', async (_, flags, expected, words) => {
    const file = join(folder, 'refused.onnx');
    const { code, stderr } = await veilbook(['model', 'export', dir, '--out', file, ...flags]);
    expect(stderr).toMatch(/^veilbook: [^\n]+\n$/);
    expect(stderr).toMatch(words);
    expect(code).toBe(expected);
    expect(existsSync(file)).toBe(false);
  });

  it('exports what veilbook model info says of that knot', async () => {
    const { stdout } = await veilbook(['model', 'info', dir]);
    expect(stdout).toContain('artefact    stationary-gaussian, calibrated, ALPHA 0.1 … 0.9');
    expect(stdout).toMatch(/ 0\.5 +0\.500 +47\.0% +96\.0% +filter \+ denoiser\n/);
    const document = JSON.parse((await veilbook(['model', 'info', dir, '--json'])).stdout);
    expect(document.knots[2]).toMatchObject({ alpha: 0.9, server: ['filter', 'denoiser', 'tail'] });
  });

  it('refuses a model without a learned obfuscation', async () => {
    const bare = join(root, 'test/models/digits');
    const { code, stderr } = await veilbook(['model', 'export', bare, '--alpha', '0.5', '--out', join(folder, 'x.onnx')]);
    expect(stderr).toMatch(/has no learned obfuscation/);
    expect(code).toBe(4);
  });
});
