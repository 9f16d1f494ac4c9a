import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { filled, largestDifference, open, uniform } from '../../test/graphs/run';
import { modelWithArtefact } from '../../test/support/artefact';
import {
  attackerGraphAt,
  filtersFor,
  loadDetector,
  noiseSpectrumAt,
  serverGraphAt,
  type DetectorModel,
  type NoisyModel
} from '../models';
import { filterGraph } from '../models/server-graph';
import { DetectionResult, type PictureKind, type RunOptions } from '../protocol';
import type { DetectRequest, Frame } from './compute';
import { Detector } from './detector';

const photograph = resolve(__dirname, '../../../shared/data/faces/val/originalPics/2002/v_0094.jpg');
const onPhotograph = existsSync(photograph) ? it : it.skip;
const context = { device: 'cpu', notices: [], checkpoint: () => undefined };
const CPU = { kind: 'cpu', index: 0 } as const;
const SHAPE = [128, 32, 32];

let dir: string;
let model: DetectorModel & NoisyModel;
let detector: Detector;
let clean: Float32Array;

beforeAll(async () => {
  dir = await modelWithArtefact();
  model = (await loadDetector(dir)) as DetectorModel & NoisyModel;
  detector = await Detector.open(model, CPU, 1, new Uint8Array(32).fill(5));
  clean = (await detector.forwardHead(frame, () => undefined)).data as Float32Array;
});
afterAll(async () => {
  await detector.release();
  rmSync(dirname(dir), { recursive: true });
});

const frame: Frame = {
  kind: 'pixels',
  data: Uint8Array.from({ length: 200 * 100 * 3 }, (_, i) => (i * 37) % 256),
  width: 200,
  height: 100,
  order: 'rgb'
};
const request = (options: RunOptions, more: Partial<DetectRequest> = {}): DetectRequest => ({
  image: 'stripes',
  frame,
  options,
  pictures: [],
  activation: false,
  ...more
});
const wire = (data: Float32Array) => ({ data: data.slice(), shape: [1, ...SHAPE] });
const noisy = async (alpha: number, seed?: number, by = detector) =>
  (await by.forwardNoise(wire(clean), { alpha, insecure_seed: seed })).activation.data as Float32Array;
/** Mean square of the differences. */
const distance = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length;
const same = (a: Float32Array, b: Float32Array) => distance(a, b) === 0;
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('a noisy run of a learned obfuscation', () => {
  it('is described completely: what ALPHA means, measured', async () => {
    const { result } = await detector.detect(request({ mode: 'noisy', alpha: 0.3 }), context);
    expect([...Value.Errors(DetectionResult, result)]).toEqual([]);
    expect(result).toMatchObject({ alpha: 0.3, private: true, artefact: { calibrated: true, kind: 'stationary-gaussian' } });
    expect(result.artefact?.meaning).toMatch(
      /^ALPHA 0.3: the strongest attacker it was calibrated to recovers about 65% of image variance/
    );
    expect(result.notices).toEqual([result.artefact?.meaning]);
  });

  onPhotograph('finds the face where it is', async () => {
    const coded: Frame = { kind: 'coded', data: readFileSync(photograph) };
    for (const alpha of [0.1, 0.5, 0.9]) {
      const { result } = await detector.detect(request({ mode: 'noisy', alpha }, { frame: coded }), context);
      expect(result.detections[0].score).toBeGreaterThan(0.9);
      expect(Math.abs(result.detections[0].x1 - 160)).toBeLessThan(30);
    }
  });

  it('has noise of the strength of its spectrum, on the grid', async () => {
    const { step, counts } = model.obfuscation;
    for (const alpha of [0.1, 0.7]) {
      const z = await noisy(alpha);
      const S = noiseSpectrumAt(model.obfuscation, alpha);
      let power = 0;
      S.forEach((matrix, bin) => {
        for (let c = 0; c < 128; c++) {
          power += (counts[bin] * matrix[c * 129]) / (1024 * 128);
        }
      });
      expect(distance(z, clean) / power).toBeGreaterThan(0.97);
      expect(distance(z, clean) / power).toBeLessThan(1.03);
      expect(z.every(value => Number.isInteger(value / step))).toBe(true);
    }
  });

  it('gives one picture one noise under a key, and another under another ALPHA or key', async () => {
    const other = await Detector.open(model, CPU, 1);
    const [first, again, elsewhere] = [await noisy(0.5), await noisy(0.5), await noisy(0.5, undefined, other)];
    await other.release();
    expect([same(first, again), same(first, elsewhere)]).toEqual([true, false]);
    // Were epsilon the same at two strengths, the noise of one would be a multiple of that of the other.
    const [weak, strong] = [await noisy(0.1), await noisy(0.9)].map(z => z.map((value, i) => value - clean[i]));
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    expect(Math.abs(dot(weak, strong) / Math.sqrt(dot(weak, weak) * dot(strong, strong)))).toBeLessThan(0.03);
  });

  it('marks seeded noise as not private, and repeats it whatever the key', async () => {
    const other = await Detector.open(model, CPU, 1);
    const outcome = await detector.forwardNoise(wire(clean), { alpha: 0.5, insecure_seed: 4 });
    expect([outcome.private, outcome.notices.length]).toEqual([false, 2]);
    expect(same(outcome.activation.data as Float32Array, await noisy(0.5, 4, other))).toBe(true);
    expect(same(outcome.activation.data as Float32Array, await noisy(0.5, 5))).toBe(false);
    await other.release();
  });

  it('runs the server side that is exported, at knots and between them, whatever ran before', async () => {
    const activation = { dims: [1, ...SHAPE], data: await noisy(0.5) };
    for (const alpha of [0.1, 0.5, 0.62, 0.9, 0.1, 0.2, 0.3, 0.4, 0.5]) {
      const exported = await (await open(await serverGraphAt(model, alpha)))({ activation });
      const local = await detector.forwardTail(wire(activation.data), alpha);
      for (const name of ['loc', 'conf'] as const) {
        const { data, shape } = local[name];
        expect(largestDifference({ dims: shape, data: data as Float32Array }, exported[name])).toBeLessThan(1e-5);
      }
    }
  }, 60_000);

  it('runs the plain tail when no ALPHA is said', async () => {
    const tail = await detector.forwardTail(wire(clean));
    const { result } = await detector.detect(request({ mode: 'clean' }), context);
    expect(detector.postprocess(tail, { width: 200, height: 100, threshold: 0 })).toEqual(result.detections);
    const server = await detector.forwardTail(wire(clean), 0.9);
    expect(same(server.loc.data as Float32Array, tail.loc.data as Float32Array)).toBe(false);
  });
});

describe('pictures of attackers', () => {
  it('come from who they name, and of a clean run too', async () => {
    const kinds: PictureKind[] = ['reconstruction', 'linear_attacker', 'naive_viewer'];
    for (const options of [{ mode: 'noisy', alpha: 0.5 } as const, { mode: 'clean' } as const]) {
      const { pictures } = await detector.detect(request(options, { pictures: kinds }), context);
      expect(kinds.map(kind => pictures[kind]?.attacker)).toEqual(['adaptive decoder', 'linear attacker', 'naive viewer']);
      expect(pictures.naive_viewer).toMatchObject({ width: 200, height: 100 });
    }
  });

  it('differ as they should: the naive viewer knows nothing of the noise, the linear attacker filters it first', async () => {
    const next = uniform(8);
    const z = filled([1, ...SHAPE], next);
    const estimate = async (...about: Parameters<typeof attackerGraphAt> extends [unknown, ...infer Rest] ? Rest : never) =>
      (await (await open(await attackerGraphAt(model.obfuscation, ...about)))({ noisy: z })).estimate;
    const [weak, strong] = [await estimate('naive viewer', 0.1), await estimate('naive viewer', 0.9)];
    expect(largestDifference(weak, strong)).toBe(0);
    expect(largestDifference(await estimate('linear attacker', null), weak)).toBe(0);
    expect(largestDifference(await estimate('linear attacker', 0.9), weak)).toBeGreaterThan(1e-4);
    // Wiener: estimating the target is estimating the activation first and the target from that.
    const { statistics, bins } = model.obfuscation;
    const filter = filterGraph({
      shape: [128, 32, 32],
      bins,
      mean: statistics.activation_mean,
      matrices: filtersFor(statistics, noiseSpectrumAt(model.obfuscation, 0.9))
    });
    const { activation } = await (await open(filter))({ noisy: z });
    const viewer = await open(await attackerGraphAt(model.obfuscation, 'naive viewer', null));
    const after = (await viewer({ noisy: activation })).estimate;
    expect(largestDifference(await estimate('linear attacker', 0.9), after)).toBeLessThan(1e-4);
  });
});

describe('refused', () => {
  it.each<[string, RunOptions, string]>([
    ['a noisy run without ALPHA', { mode: 'noisy' }, 'bad_alpha'],
    ['an ALPHA below the knots', { mode: 'noisy', alpha: 0.05 }, 'bad_alpha'],
    ['an ALPHA above the knots', { mode: 'noisy', alpha: 0.95 }, 'bad_alpha'],
    ['a clean run with a seed', { mode: 'clean', insecure_seed: 1 }, 'bad_request']
  ])('%s', async (_, options, expected) => {
    await expect(detector.detect(request(options), context)).rejects.toEqual(code(expected));
  });

  it('a server side at no strength of the artefact, and noise on what is no number', async () => {
    await expect(detector.forwardTail(wire(clean), 0.99)).rejects.toEqual(code('bad_alpha'));
    const broken = wire(clean);
    broken.data[7] = NaN;
    await expect(detector.forwardNoise(broken, { alpha: 0.5 })).rejects.toEqual(code('bad_tensor'));
  });

  it('a run whose server weights are gone, without any answer; a weaker one that needs none still runs', async () => {
    rmSync(join(dir, 'server-0.50.safetensors'));
    const fresh = await Detector.open(model, CPU, 1);
    await expect(fresh.detect(request({ mode: 'noisy', alpha: 0.5 }), context)).rejects.toEqual(code('artefact_missing'));
    await expect(fresh.detect(request({ mode: 'noisy', alpha: 0.1 }), context)).resolves.toBeDefined();
    await fresh.release();
  });
});
