import fc from 'fast-check';
import { Random } from '../numerics/random';
import { detailError, meanField, pairedR2Interval, pooledR2, pooledR2Interval, squaredError } from './recovery';
import { disassemble, TARGETS, type Picture } from './targets';

const CASES = { seed: 20240607, numRuns: 40 };
const cells = { height: 2, width: 3 };
const size = TARGETS * cells.height * cells.width;
const mix = (weights: readonly number[], ...fields: Float32Array[]) =>
  fields[0].map((_, i) => weights.reduce((sum, weight, k) => sum + weight * fields[k][i], 0));

/** Images around a mean of their own, and estimates that are images plus noise of a variance. */
function trials(count: number, noise: number, seed = 1) {
  const random = new Random(seed);
  const mean = random.normals(size);
  return Array.from({ length: count }, () => {
    const truth = mix([1, 1], mean, random.normals(size));
    return squaredError(truth, mix([1, Math.sqrt(noise)], truth, random.normals(size)), mean);
  });
}

describe('the mean of fields', () => {
  it('is that of each position', () => {
    expect(meanField([Float32Array.of(1, 2), Float32Array.of(3, 6)])).toEqual(Float32Array.of(2, 4));
  });

  it('is refused without fields, and to fields of different lengths', () => {
    expect(() => meanField([])).toThrow(RangeError);
    expect(() => meanField([new Float32Array(2), new Float32Array(3)])).toThrow('Fields of 3 and 2');
  });
});

describe('the share of variance that is recovered', () => {
  it('is 1 for the image, 0 for the mean, w (2 - w) for the way between by w', () =>
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: -1, max: 2, noNaN: true }), (seed, w) => {
        const random = new Random(seed);
        const [truth, mean] = [random.normals(size), random.normals(size)];
        const between = mix([w, 1 - w], truth, mean);
        expect(pooledR2([squaredError(truth, between, mean)])).toBeCloseTo(w * (2 - w), 5);
        expect(pooledR2([detailError(truth, between, mean, cells)])).toBeCloseTo(w * (2 - w), 5);
      }),
      CASES
    ));

  it('pools errors and spreads over images, by hand', () => {
    const errors = [
      { error: 1, spread: 10 },
      { error: 5, spread: 2 }
    ];
    expect(pooledR2(errors)).toBe(0.5);
    expect(squaredError(Float32Array.of(1, 2), Float32Array.of(1, 4), Float32Array.of(0, 0))).toEqual({ error: 4, spread: 5 });
  });

  it('is what the noise of an estimate leaves', () => expect(Math.abs(pooledR2(trials(40, 0.3)) - 0.7)).toBeLessThan(0.02));

  it('is undefined where images do not vary, and for estimates that are not finite', () => {
    expect(() => pooledR2([])).toThrow(RangeError);
    expect(() => pooledR2([{ error: 1, spread: 0 }])).toThrow('no variance');
    expect(() => squaredError(Float32Array.of(1), Float32Array.of(NaN), Float32Array.of(0))).toThrow('not finite');
    expect(() => squaredError(Float32Array.of(1), new Float32Array(2), Float32Array.of(0))).toThrow('cannot be compared');
  });
});

describe('detail', () => {
  const painted = (value: (x: number, y: number) => number) => {
    const picture: Picture = { width: 12, height: 8, rgb: new Float32Array(12 * 8 * 3) };
    return disassemble({ ...picture, rgb: picture.rgb.map((_, i) => value(Math.floor(i / 3) % 12, Math.floor(i / 36))) });
  };

  it('is the squared difference of neighbours across cells and blocks, by hand', () => {
    // 11 steps of 1 in each of 8 rows, 7 steps of 2 in each of 12 columns, three channels.
    const ramp = painted((x, y) => x + 2 * y);
    const flat = painted(() => 7);
    expect(detailError(ramp, flat, flat, cells)).toEqual({ error: 3 * (11 * 8 + 4 * 7 * 12), spread: 3 * (11 * 8 + 4 * 7 * 12) });
  });

  it('does not see brightness', () => {
    const [bright, dark, mean] = [painted(x => x % 2), painted(x => (x % 2) - 3), painted(() => 0)];
    expect(pooledR2([detailError(bright, dark, mean, cells)])).toBe(1);
    expect(pooledR2([squaredError(bright, dark, mean)])).toBeLessThan(0);
  });
});

describe('its interval', () => {
  it('holds the value and repeats with its seed', () => {
    const errors = trials(30, 0.5);
    const [low, high] = pooledR2Interval(errors, { seed: 2 });
    expect(low).toBeLessThan(pooledR2(errors));
    expect(high).toBeGreaterThan(pooledR2(errors));
    expect(pooledR2Interval(errors, { seed: 2 })).toEqual([low, high]);
  });

  it('of a function of two sees the same images in both', () => {
    const clean = trials(20, 0.1);
    const twice = clean.map(({ error, spread }) => ({ error: spread - 0.5 * (spread - error), spread }));
    const [low, high] = pairedR2Interval([twice, clean], (noisy, whole) => 1 - noisy / whole, { resamples: 50 });
    expect(low).toBeCloseTo(0.5, 10);
    expect(high).toBeCloseTo(0.5, 10);
    expect(() => pairedR2Interval([clean, clean.slice(1)], a => a)).toThrow('cannot be paired');
  });
});
