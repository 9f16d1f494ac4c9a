import { FieldBench, madeUpField, referenceNoise, whiten, type Shape } from '../../test/fields/field';
import { Random } from '../numerics/random';
import { cleanActivation } from './activation';
import { insecureSeededEpsilon, prfEpsilon, type EpsilonSource } from './epsilon';
import { channelDeviations, fieldSizes, FieldNoise, type NoiseField } from './field-noise';
import { openArena } from './kernels';

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const SMALL: Shape = [6, 5, 7];
const STEP = 2 ** -6;

describe.each<[string, Shape]>([
  ['small', [8, 4, 4]],
  ['of odd sides', SMALL],
  ['of channels that fill no vector and unlike sides', [13, 8, 16]],
  ['of one value', [1, 1, 1]],
  ['of one row', [3, 1, 9]],
  ['wider than high and neither a power of two', [10, 12, 20]],
  ['large', [2, 64, 32]],
  ["of the bundled model's activation", [128, 32, 32]]
])('the noise of a field %s', (_, shape) => {
  const field = madeUpField(shape, 2 ** -16);
  const [C, H, W] = shape;
  const activation = new Random(3).normals(C * H * W).map(value => 3 * value);
  let bench: FieldBench;
  let noise: Float64Array;
  let expected: Float64Array;

  beforeAll(async () => {
    bench = await FieldBench.open(field);
    const epsilon = insecureSeededEpsilon(5);
    const z = bench.obfuscate(activation, epsilon);
    const codes = bench.arena.regions.codes.int32().slice();
    noise = Float64Array.from(z, (value, i) => value - codes[i] * field.step);
    expected = referenceNoise(field, bench.white(epsilon));
  });

  it('is the transform of the shaped coefficients in float64, to 1e-4 of its deviation', () => {
    const deviations = channelDeviations(field);
    const errors = noise.map((value, i) => Math.abs(value - expected[i]) / deviations[Math.floor(i / (H * W))]);
    expect(errors.reduce((a, b) => Math.max(a, b))).toBeLessThan(1e-4);
  });

  it('lies on codes that are the activation, clamped and rounded to the grid', () => {
    const codes = bench.arena.regions.codes.int32();
    const furthest = activation.reduce((worst, value, i) => {
      const channel = Math.floor(i / (H * W));
      const clamped = Math.min(Math.max(value, field.low[channel]), field.high[channel]);
      return Math.max(worst, Math.abs(codes[i] - clamped / field.step));
    }, 0);
    expect(furthest).toBeLessThanOrEqual(0.5);
  });
});

describe('z', () => {
  const activation = new Random(2).normals(6 * 5 * 7);
  let bench: FieldBench;

  beforeAll(async () => {
    bench = await FieldBench.open(madeUpField(SMALL, STEP));
  });

  it('lies on the grid', () => {
    const z = bench.obfuscate(activation, prfEpsilon(KEY, ''));
    expect(z.every(value => Number.isInteger(value / STEP) && Math.abs(value / STEP) < 2 ** 24)).toBe(true);
  });

  it('is the same for the same image and key', () => {
    const [first, other] = [prfEpsilon(KEY, 'a'), insecureSeededEpsilon(1)];
    const z = bench.obfuscate(activation, first);
    bench.obfuscate(activation, other);
    expect(bench.obfuscate(activation, prfEpsilon(KEY.slice(), 'a'))).toEqual(z);
  });

  it('is the same for images that are the same on the grid', () => {
    const codes = activation.map(value => STEP * Math.round(value / STEP));
    const near = codes.map(value => value + 0.4 * STEP);
    expect(bench.obfuscate(near, prfEpsilon(KEY, 'a'))).toEqual(bench.obfuscate(codes, prfEpsilon(KEY, 'a')));
  });

  it('leaves no epsilon behind', () => {
    bench.obfuscate(activation, prfEpsilon(KEY, ''));
    const { coefficients, line } = bench.arena.regions;
    expect([coefficients, line].every(region => region.uint8().every(byte => byte === 0))).toBe(true);
  });

  it('follows another field of the same shape', async () => {
    const other = madeUpField(SMALL, STEP / 2, 9);
    const fresh = await FieldBench.open(other);
    const epsilon = prfEpsilon(KEY, '');
    const changed = await FieldBench.open(madeUpField(SMALL, STEP));
    changed.noise.setField(other);
    expect(changed.obfuscate(activation, epsilon)).toEqual(fresh.obfuscate(activation, epsilon));
  });
});

describe('the noise of one image', () => {
  const shape: Shape = [32, 16, 16];
  const field = madeUpField(shape, 2 ** -12);
  const image = new Random(8).normals(32 * 256);
  let bench: FieldBench;

  /** What made the noise: independent values of variance 1. */
  function whiteOf(values: Float32Array, epsilon: EpsilonSource): Float64Array {
    const z = bench.obfuscate(values, epsilon);
    const codes = bench.arena.regions.codes.int32();
    return whiten(
      field,
      z.map((value, i) => value - codes[i] * field.step)
    );
  }

  beforeAll(async () => {
    bench = await FieldBench.open(field);
  });

  it.each<[string, (values: Float32Array) => void, EpsilonSource]>([
    ['another image', values => values.fill(0.5), prfEpsilon(KEY, 'a')],
    ['an image one step away in one value', values => (values[100] += field.step), prfEpsilon(KEY, 'a')],
    ['another ALPHA or artefact', () => undefined, prfEpsilon(KEY, 'b')],
    ['another key', () => undefined, prfEpsilon(new Uint8Array(32), 'a')],
    ['an insecure seed', () => undefined, insecureSeededEpsilon(0)]
  ])('shares nothing with that of %s', (_, change, epsilon) => {
    const first = whiteOf(image, prfEpsilon(KEY, 'a'));
    const other = image.slice();
    change(other);
    const second = whiteOf(other, epsilon);
    const n = first.length;
    const products = first.map((value, i) => value * second[i]);
    expect(Math.abs(products.reduce((a, b) => a + b)) / n).toBeLessThan(5 / Math.sqrt(n));
    expect(first.filter((value, i) => Math.abs(value - second[i]) < 1e-3).length / n).toBeLessThan(0.005);
  });
});

describe('the noise of a field fails closed', () => {
  let bench: FieldBench;
  const zeroed = () => bench.arena.regions.obfuscated.float32().every(value => value === 0);

  beforeEach(async () => {
    bench = await FieldBench.open(madeUpField(SMALL, STEP));
    bench.obfuscate(1, insecureSeededEpsilon(1));
    expect(zeroed()).toBe(false);
  });

  it.each([NaN, Infinity, -Infinity])('when a value of the activation is %s, wherever it stands', bad => {
    for (const at of [0, 33, 34, 209]) {
      const activation = new Float32Array(210);
      activation[at] = bad;
      expect(() => bench.obfuscate(activation, insecureSeededEpsilon(1))).toThrow(
        expect.objectContaining({ code: 'bad_tensor' })
      );
      expect(zeroed()).toBe(true);
    }
  });

  it.each<[string, EpsilonSource['fill']]>([
    ['gives nothing', () => undefined],
    ['stops early', bytes => bytes.subarray(0, bytes.length - 40).fill(1)]
  ])('when the generator %s', (_, fill) => {
    expect(() => bench.obfuscate(1, { private: true, fill })).toThrow(/gave no bytes/);
    expect(zeroed()).toBe(true);
  });

  it('when the generator fails half way, and wipes what it gave', () => {
    const fill = (bytes: Uint8Array) => {
      bytes.fill(7);
      throw new Error('no entropy');
    };
    expect(() => bench.obfuscate(1, { private: true, fill })).toThrow('no entropy');
    expect(zeroed()).toBe(true);
    expect(bench.arena.regions.coefficients.uint8().every(byte => byte === 0)).toBe(true);
  });

  it('when a sum leaves the exact part of float32', () => {
    // Words of 0 are radii of 6.66 deviations in every coefficient, which add up at the field's first position.
    const fill = (bytes: Uint8Array) => {
      bytes.fill(0);
      bytes[0] = bytes[bytes.length - 1] = 1;
    };
    const near = madeUpField(SMALL, STEP);
    const deviation = Math.max(...channelDeviations(near));
    bench.noise.setField({ ...near, step: 2 ** Math.ceil(Math.log2((8 * deviation + 4) / 2 ** 24)) });
    expect(() => bench.obfuscate(4, { private: true, fill })).toThrow(
      expect.objectContaining({ code: 'internal', message: expect.stringContaining('exact') })
    );
    expect(zeroed()).toBe(true);
  });

  it('when the activation lies elsewhere', () => {
    const elsewhere = cleanActivation(new Float32Array(210), SMALL);
    expect(() => bench.noise.obfuscate(elsewhere, insecureSeededEpsilon(1))).toThrow(
      expect.objectContaining({ code: 'internal' })
    );
  });

  it.each<[string, (field: NoiseField) => Partial<NoiseField>]>([
    ['is of another shape', () => ({ shape: [6, 7, 5] })],
    ['has too few limits', ({ low }) => ({ low: low.subarray(1) })],
    ['has a bin too few', ({ factors }) => ({ factors: factors.subarray(36) })],
    ['has a bin too many', ({ factors }) => ({ factors: Float32Array.of(...factors, ...factors) })],
    ['has half a factor', ({ factors }) => ({ factors: factors.subarray(18) })],
    ['has a factor that is not a number', ({ factors }) => ({ factors: factors.map((value, i) => (i === 0 ? NaN : value)) })],
    ['has a factor that is not finite', ({ factors }) => ({ factors: factors.map((value, i) => (i === 6 ? Infinity : value)) })],
    ['is no noise', ({ factors }) => ({ factors: factors.map(() => 0) })],
    ['has a limit that is not a number', ({ high }) => ({ high: high.map(() => NaN) })],
    ['has limits the wrong way round', ({ high, low }) => ({ high: low, low: high })],
    ['has a step that is no power of two', () => ({ step: 0.3 })],
    ['has a step of nothing', () => ({ step: 0 })],
    ['has a step below what float32 holds', () => ({ step: 2 ** -24 })]
  ])('when the field %s, and keeps the former', (_, change) => {
    const before = bench.obfuscate(1, insecureSeededEpsilon(4));
    const field = madeUpField(SMALL, STEP);
    expect(() => bench.noise.setField({ ...field, ...change(field) })).toThrow(
      expect.objectContaining({ code: 'artefact_mismatch' })
    );
    expect(bench.obfuscate(1, insecureSeededEpsilon(4))).toEqual(before);
  });

  it('when the arena is one of another shape', async () => {
    const arena = await openArena(fieldSizes([6, 7, 5], 9));
    expect(() => new FieldNoise(arena, madeUpField(SMALL, STEP))).toThrow(expect.objectContaining({ code: 'artefact_mismatch' }));
  });
});
