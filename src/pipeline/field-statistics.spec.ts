import { FieldBench, madeUpField, whiten, type Shape } from '../../test/fields/field';
import { frequenciesOf } from '../numerics/frequencies';
import { radialBins } from '../numerics/radial-bins';
import { Random } from '../numerics/random';
import { insecureSeededEpsilon } from './epsilon';
import { channelDeviations, type NoiseField } from './field-noise';

/*
 * What the generated noise is as a distribution, each figure within five standard errors of the exact one. Seeds are
 * fixed, so a test that passes passes again.
 */

const average = (values: ArrayLike<number>, of: (value: number, i: number) => number): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    sum += of(values[i], i);
  }
  return sum / values.length;
};

/** The standard normal distribution function, by its series near 0 and its continued fraction beyond (Abramowitz and Stegun 26.2.11, 26.2.14). */
function normalCdf(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const size = Math.abs(x);
  if (size < 3) {
    let [term, sum] = [size, size];
    for (let k = 3; term > 1e-17; k += 2) {
      term *= (size * size) / k;
      sum += term;
    }
    return 0.5 + Math.sign(x) * density * sum;
  }
  let fraction = size;
  for (let k = 40; k > 0; k--) {
    fraction = size + k / fraction;
  }
  return x < 0 ? density / fraction : 1 - density / fraction;
}

/** sqrt(n) times Kolmogorov and Smirnov's distance to N(0, deviation^2): above 1.95 once in a thousand. */
function kolmogorovSmirnov(values: Float64Array, deviation = 1): number {
  const n = values.length;
  let furthest = 0;
  values
    .slice()
    .sort()
    .forEach((value, i) => {
      const expected = normalCdf(value / deviation);
      furthest = Math.max(furthest, Math.abs(expected - i / n), Math.abs(expected - (i + 1) / n));
    });
  return Math.sqrt(n) * furthest;
}

/** Pearson's statistic of counts that should be equal; its mean is one less than their number. */
function chiSquare(counts: Float64Array): number {
  const expected = average(counts, count => count);
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
const within = (cells: number) => cells - 1 + 5 * Math.sqrt(2 * (cells - 1));

function spectralDensity({ shape: [C], factors }: NoiseField, bin: number, i: number, j: number): number {
  let sum = 0;
  for (let k = 0; k <= Math.min(i, j); k++) {
    sum += factors[(bin * C + i) * C + k] * factors[(bin * C + j) * C + k];
  }
  return sum;
}

describe('noise of a field of the bundled shape, whitened by its factors', () => {
  const shape: Shape = [128, 32, 32];
  const field = madeUpField(shape, 2 ** -14);
  const DRAWS = 3;
  let white: Float64Array;

  beforeAll(async () => {
    const bench = await FieldBench.open(field);
    white = new Float64Array(DRAWS * 128 * 1024);
    for (let draw = 0; draw < DRAWS; draw++) {
      white.set(whiten(field, bench.draw(draw)), draw * 128 * 1024);
    }
  });

  it('has the moments of a normal distribution', () => {
    const n = white.length;
    expect(Math.abs(average(white, v => v))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(average(white, v => v ** 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(average(white, v => v ** 3))).toBeLessThan(5 * Math.sqrt(15 / n));
    expect(Math.abs(average(white, v => v ** 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    expect(Math.abs(average(white, v => v ** 6) - 15)).toBeLessThan(5 * Math.sqrt((10395 - 225) / n));
  });

  it.each([1, 2, 3, 4])('has its tail beyond %s deviations', limit => {
    const expected = 2 * normalCdf(-limit) * white.length;
    const beyond = white.filter(v => Math.abs(v) > limit).length;
    expect(Math.abs(beyond - expected)).toBeLessThan(5 * Math.sqrt(expected));
  });

  it('has its distribution function', () => {
    expect(kolmogorovSmirnov(white)).toBeLessThan(1.95);
  });

  it.each([
    ['the next channel', 1],
    ['the other half of a Box-Muller pair', 4],
    ['the next frequency', 128],
    ['the next row of frequencies', 128 * 32],
    ['the next draw', 128 * 1024]
  ])('does not correlate with %s', (_, lag) => {
    const earlier = white.subarray(0, white.length - lag);
    for (const power of [1, 2]) {
      const centre = power === 1 ? 0 : 1;
      const deviation = power === 1 ? 1 : Math.SQRT2;
      const of = (value: number) => (value ** power - centre) / deviation;
      expect(Math.abs(average(earlier, (v, i) => of(v) * of(white[i + lag])))).toBeLessThan(5 / Math.sqrt(earlier.length));
    }
  });

  it('has the identity as covariance of its channels, in every bin of many coefficients', () => {
    const binCount = field.factors.length / 128 ** 2;
    for (let bin = 0; bin < binCount; bin++) {
      const members = Array.from(field.bins.keys()).filter(f => field.bins[f] === bin);
      const n = DRAWS * members.length;
      if (n < 300) {
        continue;
      }
      const sums = new Float64Array(128 * 128);
      for (let draw = 0; draw < DRAWS; draw++) {
        for (const f of members) {
          const row = white.subarray((draw * 1024 + f) * 128, (draw * 1024 + f + 1) * 128);
          for (let i = 0; i < 128; i++) {
            for (let j = 0; j <= i; j++) {
              sums[i * 128 + j] += row[i] * row[j];
            }
          }
        }
      }
      // n times the squared correlations of all pairs: each 1 on the mean, with variance 2.
      let [squares, pairs] = [0, 0];
      for (let i = 0; i < 128; i++) {
        expect(Math.abs(sums[i * 129] / n - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
        for (let j = 0; j < i; j++, pairs++) {
          squares += sums[i * 128 + j] ** 2 / n;
        }
      }
      expect(Math.abs(squares - pairs)).toBeLessThan(5 * Math.sqrt(2 * pairs * (1 + 128 / n)));
    }
  });
});

describe('noise of a small field, drawn often', () => {
  const shape: Shape = [5, 8, 6];
  const [C, H, W] = shape;
  const field = madeUpField(shape, 2 ** -12);
  const deviations = channelDeviations(field);
  const DRAWS = 2500;
  let draws: Float32Array[];

  beforeAll(async () => {
    const bench = await FieldBench.open(field);
    draws = Array.from({ length: DRAWS }, (_, seed) => bench.draw(seed));
  });

  it('has its exact marginal distribution at every position', () => {
    const statistics = Float64Array.from({ length: C * H * W }, (_, at) =>
      kolmogorovSmirnov(
        Float64Array.from(draws, z => z[at]),
        deviations[Math.floor(at / (H * W))]
      )
    );
    // Of 240 one lies above 1.95 every fourth time, none above 2.5.
    expect(statistics.reduce((a, b) => Math.max(a, b))).toBeLessThan(2.5);
    // The mean of Kolmogorov's distribution is 0.869, its deviation 0.26; neighbours correlate.
    expect(Math.abs(average(statistics, s => s) - 0.869)).toBeLessThan(0.1);
  });

  it('has the cross-spectra of the field, in every bin', () => {
    const frequencies = frequenciesOf(H, W);
    const { of: bins, counts } = radialBins(frequencies);
    const sums = new Float64Array(counts.length * C * C);
    const [re, im] = [new Float64Array(C), new Float64Array(C)];
    const angles = Float64Array.from({ length: H * W }, (_, turn) => (2 * Math.PI * turn) / (H * W));
    const cos = angles.map(angle => Math.cos(angle) / Math.sqrt(H * W));
    const sin = angles.map(angle => Math.sin(angle) / Math.sqrt(H * W));
    // Fourier instead of Hartley transforms: the draws must be stationary fields, not only undo their own transform.
    for (const z of draws) {
      bins.forEach((bin, f) => {
        const u = Math.floor(f / frequencies.columns);
        const v = f % frequencies.columns;
        re.fill(0);
        im.fill(0);
        for (let at = 0; at < H * W; at++) {
          const turn = (u * Math.floor(at / W) * W + v * (at % W) * H) % (H * W);
          for (let c = 0; c < C; c++) {
            re[c] += cos[turn] * z[c * H * W + at];
            im[c] -= sin[turn] * z[c * H * W + at];
          }
        }
        for (let i = 0; i < C; i++) {
          for (let j = 0; j < C; j++) {
            sums[(bin * C + i) * C + j] += frequencies.weights[f] * (re[i] * re[j] + im[i] * im[j]);
          }
        }
      });
    }
    counts.forEach((count, bin) => {
      const n = count * DRAWS;
      const density = (i: number, j: number) => spectralDensity(field, bin, i, j);
      for (let i = 0; i < C; i++) {
        for (let j = 0; j < C; j++) {
          const error = Math.sqrt((density(i, i) * density(j, j) + density(i, j) ** 2) / n);
          expect(Math.abs(sums[(bin * C + i) * C + j] / n - density(i, j))).toBeLessThan(5 * error);
        }
      }
    });
  });
});

describe('the low bits of z', () => {
  const CELLS = 8;
  /** How often each remainder of z follows each remainder of the activation, in steps, modulo 8. */
  let counts: Float64Array;

  beforeAll(async () => {
    const field = {
      ...madeUpField([64, 16, 16], 2 ** -7),
      low: new Float32Array(64).fill(-32),
      high: new Float32Array(64).fill(32)
    };
    // The smallest deviation has dozens of steps, so that the noise's own remainders are as good as even.
    expect(Math.min(...channelDeviations(field)) / field.step).toBeGreaterThan(30);
    const bench = await FieldBench.open(field);
    const random = new Random(11);
    counts = new Float64Array(CELLS * CELLS);
    for (let seed = 0; seed < 4; seed++) {
      // Small codes, most of them 0, as behind a ReLU.
      const z = bench.obfuscate(
        random.normals(64 * 256).map(value => Math.max(0, value) / 32),
        insecureSeededEpsilon(seed)
      );
      const codes = bench.arena.regions.codes.int32();
      z.forEach((value, i) => counts[CELLS * (codes[i] & 7) + ((value / field.step) & 7)]++);
    }
  });

  it('are even', () => {
    const columns = Float64Array.from({ length: CELLS }, (_, cell) => {
      let sum = 0;
      for (let row = 0; row < CELLS; row++) {
        sum += counts[CELLS * row + cell];
      }
      return sum;
    });
    expect(chiSquare(columns)).toBeLessThan(within(CELLS));
  });

  it("are even whatever the activation's low bits are", () => {
    for (let row = 0; row < CELLS; row++) {
      const cells = counts.subarray(CELLS * row, CELLS * (row + 1));
      if (cells.some(count => count > 20)) {
        expect(chiSquare(cells)).toBeLessThan(within(CELLS));
      }
    }
  });
});
