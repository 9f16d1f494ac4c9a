import { filled, uniform } from '../../test/graphs/run';
import { frequenciesOf } from '../numerics/frequencies';
import { hartleyBins, hartleyMatrix } from '../numerics/hartley';
import { radialBins } from '../numerics/radial-bins';
import { SpectraSum } from './spectra';

const CPU = { providers: ['cpu' as const], threads: 1 };

describe('the Hartley transform', () => {
  it.each([8, 5, 32])('of %i values is orthogonal and symmetric', n => {
    const H = hartleyMatrix(n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const product = Array.from({ length: n }, (_, k) => H[i * n + k] * H[j * n + k]).reduce((a, b) => a + b);
        expect(product).toBeCloseTo(i === j ? 1 : 0, 12);
        expect(H[i * n + j]).toBe(H[j * n + i]);
      }
    }
  });

  it('mixes a frequency only with others of its bin: a wave of one radius has no coefficient elsewhere', () => {
    const [height, width] = [8, 6];
    const bins = radialBins(frequenciesOf(height, width));
    const of = hartleyBins(bins);
    const [rows, columns] = [hartleyMatrix(height), hartleyMatrix(width)];
    bins.frequencies.radii.forEach((_, f) => {
      const [u, v] = [Math.floor(f / bins.frequencies.columns), f % bins.frequencies.columns];
      const wave = Array.from({ length: height * width }, (_, i) =>
        Math.cos(2 * Math.PI * ((u * Math.floor(i / width)) / height + (v * (i % width)) / width) + 0.3)
      );
      for (let k = 0; k < height * width; k++) {
        const [p, q] = [Math.floor(k / width), k % width];
        const coefficient = wave.reduce(
          (sum, value, i) => sum + value * rows[p * height + Math.floor(i / width)] * columns[q * width + (i % width)],
          0
        );
        if (of[k] !== bins.of[f]) {
          expect(coefficient).toBeCloseTo(0, 10);
        }
      }
    });
  });
});

describe('radial bins', () => {
  it('hold every frequency of a 32 x 32 field once: the mean alone, then wider and wider rings', () => {
    const { counts, of } = radialBins(frequenciesOf(32, 32));
    expect([...counts]).toEqual([1, 8, 12, 16, 32, 76, 160, 304, 415]);
    expect(of[0]).toBe(0);
    expect(counts.reduce((a, b) => a + b)).toBe(1024);
  });

  it('leave none empty on a small field', () => {
    expect([...radialBins(frequenciesOf(2, 2)).counts]).toEqual([1, 3]);
  });
});

describe('spectra', () => {
  const shape = [3, 6, 5] as const;

  it('of white noise are its variance at every frequency', async () => {
    const next = uniform(9);
    const sum = await SpectraSum.open([2, 8, 8], 0, false, CPU);
    for (let i = 0; i < 400; i++) {
      await sum.add(filled([2, 8, 8], next).data);
    }
    // Uniform in -1…1: variance 1/3.
    (await sum.finish()).aa.forEach(([one, , across, two]) => {
      expect(one).toBeCloseTo(1 / 3, 1);
      expect(two).toBeCloseTo(1 / 3, 1);
      expect(across).toBeCloseTo(0, 1);
    });
  });

  it('are symmetric, and sum to the covariance of the field', async () => {
    const next = uniform(4);
    const samples = Array.from({ length: 5 }, () => filled(shape, next).data);
    const sum = await SpectraSum.open(shape, 0, false, CPU);
    for (const sample of samples) {
      await sum.add(sample);
    }
    const { aa, bins } = await sum.finish();
    const area = shape[1] * shape[2];
    for (const [i, j] of [
      [0, 0],
      [2, 1],
      [1, 2]
    ]) {
      const direct = samples.reduce(
        (total, s) => total + s.slice(i * area, (i + 1) * area).reduce((t, value, x) => t + value * s[j * area + x], 0),
        0
      );
      const pooled = aa.reduce((total, matrix, bin) => total + bins.counts[bin] * matrix[3 * i + j], 0);
      expect(pooled).toBeCloseTo(direct / samples.length, 4);
    }
  });

  it('lose the mean of each position when centred, and nothing else', async () => {
    const next = uniform(5);
    const ground = filled(shape, () => 50 * next()).data;
    const samples = Array.from({ length: 6 }, () => filled(shape, next).data);
    const mean = ground.map((_, at) => samples.reduce((sum, sample) => sum + sample[at], 0) / samples.length);
    const centred = await SpectraSum.open(shape, 0, true, CPU);
    const byHand = await SpectraSum.open(shape, 0, false, CPU);
    for (const sample of samples) {
      await centred.add(sample.map((value, at) => value + ground[at]));
      await byHand.add(sample.map((value, at) => value - mean[at]));
    }
    const [found, expected] = [await centred.finish(), await byHand.finish()];
    found.aa.forEach((matrix, bin) => matrix.forEach((value, i) => expect(value).toBeCloseTo(expected.aa[bin][i], 4)));
  });

  it('between activation and image are those of the stacked field', async () => {
    const next = uniform(6);
    const sum = await SpectraSum.open([2, 4, 4], 1, false, CPU);
    const stacked = await SpectraSum.open([3, 4, 4], 0, false, CPU);
    const field = filled([3, 4, 4], next).data;
    await sum.add(field.slice(0, 32), field.slice(32));
    await stacked.add(field);
    const [{ ay, yy }, { aa }] = [await sum.finish(), await stacked.finish()];
    [aa[1][2], aa[1][5]].forEach((value, i) => expect(ay[1][i]).toBeCloseTo(value, 6));
    expect(yy[1][0]).toBeCloseTo(aa[1][8], 6);
  });

  it('are refused without samples and for fields of another size', async () => {
    const sum = await SpectraSum.open(shape, 0, true, CPU);
    await expect(sum.finish()).rejects.toThrow('no samples');
    await expect(sum.add(new Float32Array(7))).rejects.toThrow('Fields of 7 and 0 values, expected 90 and 0');
  });
});
