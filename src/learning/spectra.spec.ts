import { filled, uniform } from '../../test/graphs/run';
import { Fourier, frequenciesOf } from '../numerics/dft';
import { radialBins } from '../numerics/radial-bins';
import { SpectraSum } from './spectra';

/** Every frequency of a field by the definition: re, im at [u][v]. */
function naive(field: Float32Array, height: number, width: number, u: number, v: number): [number, number] {
  let [re, im] = [0, 0];
  field.forEach((value, at) => {
    const angle = -2 * Math.PI * ((u * Math.floor(at / width)) / height + (v * (at % width)) / width);
    re += value * Math.cos(angle);
    im += value * Math.sin(angle);
  });
  return [re / Math.sqrt(height * width), im / Math.sqrt(height * width)];
}

describe('the Fourier transform of a field', () => {
  it.each([
    [8, 8],
    [5, 6],
    [4, 7],
    [1, 3]
  ])('of %i x %i is the definition', (height, width) => {
    const { data } = filled([height, width], uniform(2));
    const fourier = new Fourier(height, width);
    const { columns } = fourier.frequencies;
    const [re, im] = [new Float64Array(height * columns), new Float64Array(height * columns)];
    fourier.transform(data, re, im);
    re.forEach((real, at) => {
      const [cos, sin] = naive(data, height, width, Math.floor(at / columns), at % columns);
      expect(real).toBeCloseTo(cos, 12);
      expect(im[at]).toBeCloseTo(sin, 12);
    });
  });

  it('keeps the energy, conjugates counted', () => {
    const { data } = filled([6, 9], uniform(3));
    const fourier = new Fourier(6, 9);
    const size = fourier.frequencies.weights.length;
    const [re, im] = [new Float64Array(size), new Float64Array(size)];
    fourier.transform(data, re, im);
    const energy = fourier.frequencies.weights.reduce((sum, weight, i) => sum + weight * (re[i] ** 2 + im[i] ** 2), 0);
    expect(energy).toBeCloseTo(
      data.reduce((sum, value) => sum + value * value, 0),
      10
    );
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

  it('of white noise are its variance at every frequency', () => {
    const next = uniform(9);
    const sum = new SpectraSum([2, 8, 8], 0, false);
    for (let i = 0; i < 400; i++) {
      sum.add(filled([2, 8, 8], next).data);
    }
    // Uniform in -1…1: variance 1/3.
    sum.finish().aa.forEach(([one, , across, two]) => {
      expect(one).toBeCloseTo(1 / 3, 1);
      expect(two).toBeCloseTo(1 / 3, 1);
      expect(across).toBeCloseTo(0, 1);
    });
  });

  it('are symmetric, and sum to the covariance of the field', () => {
    const next = uniform(4);
    const samples = Array.from({ length: 5 }, () => filled(shape, next).data);
    const sum = new SpectraSum(shape, 0, false);
    samples.forEach(sample => sum.add(sample));
    const { aa, bins } = sum.finish();
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
      expect(pooled).toBeCloseTo(direct / samples.length, 10);
    }
  });

  it('lose the mean of each position when centred, and nothing else', () => {
    const next = uniform(5);
    const ground = filled(shape, () => 50 * next()).data;
    const samples = Array.from({ length: 6 }, () => filled(shape, next).data);
    const mean = ground.map((_, at) => samples.reduce((sum, sample) => sum + sample[at], 0) / samples.length);
    const centred = new SpectraSum(shape, 0, true);
    const byHand = new SpectraSum(shape, 0, false);
    for (const sample of samples) {
      centred.add(sample.map((value, at) => value + ground[at]));
      byHand.add(sample.map((value, at) => value - mean[at]));
    }
    const [found, expected] = [centred.finish(), byHand.finish()];
    found.aa.forEach((matrix, bin) => matrix.forEach((value, i) => expect(value).toBeCloseTo(expected.aa[bin][i], 4)));
  });

  it('between activation and image are those of the stacked field', () => {
    const next = uniform(6);
    const sum = new SpectraSum([2, 4, 4], 1, false);
    const stacked = new SpectraSum([3, 4, 4], 0, false);
    const field = filled([3, 4, 4], next).data;
    sum.add(field.slice(0, 32), field.slice(32));
    stacked.add(field);
    const [{ ay, yy }, { aa }] = [sum.finish(), stacked.finish()];
    expect([...ay[1]]).toEqual([aa[1][2], aa[1][5]]);
    expect([...yy[1]]).toEqual([aa[1][8]]);
  });

  it('are refused without samples and for fields of another size', () => {
    const sum = new SpectraSum(shape, 0, true);
    expect(() => sum.finish()).toThrow('no samples');
    expect(() => sum.add(new Float32Array(7))).toThrow('Fields of 7 and 0 values, expected 90 and 0');
  });
});
