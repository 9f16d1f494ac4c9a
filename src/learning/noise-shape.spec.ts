import fc from 'fast-check';
import { uniform } from '../../test/graphs/run';
import { frequenciesOf } from '../numerics/frequencies';
import { cholesky, solve } from '../numerics/matrix';
import { alphaOf, leakage, noNoise, type NoiseSpectrum } from './leakage';
import { linearTargets, NoiseShaper } from './noise-shape';
import { radialBins } from '../numerics/radial-bins';
import { SpectraSum, type Spectra } from './spectra';
import { combine, eigenSymmetric, identity, multiply, type Matrix } from '../numerics/symmetric';

const CASES = { seed: 20240607, numRuns: 20 };
const [C, T] = [4, 2];

/** A positive definite matrix of n rows. */
function definite(n: number, next: () => number): Matrix {
  const root = Float64Array.from({ length: n * n }, next);
  const product = multiply(
    root,
    root.map((_, i) => root[(i % n) * n + Math.floor(i / n)]),
    n
  );
  return combine(1, product, 0.05, identity(n));
}

/** Spectra as some fields may have them: every bin's joint matrix of a and y is positive definite. */
function spectraOf(next: () => number): Spectra {
  const bins = radialBins(frequenciesOf(8, 8), [0.5, 2.5]);
  const joints = Array.from(bins.counts, () => definite(C + T, next));
  const part = (joint: Matrix, rows: number[], columns: number[]) =>
    Float64Array.from(rows.flatMap(i => columns.map(j => joint[i * (C + T) + j])));
  const [a, y] = [Array.from({ length: C }, (_, i) => i), Array.from({ length: T }, (_, i) => C + i)];
  return {
    bins,
    channels: C,
    targets: T,
    aa: joints.map(joint => part(joint, a, a)),
    ay: joints.map(joint => part(joint, a, y)),
    yy: joints.map(joint => part(joint, y, y))
  };
}

const least = (matrix: Matrix, n = C) => eigenSymmetric(matrix, n).values[0];
const difference = (a: NoiseSpectrum, b: NoiseSpectrum) => a.map((matrix, bin) => combine(1, matrix, -1, b[bin]));

describe('leakage to the linear attacker of the whole field', () => {
  it('is what least squares recovers from samples', async () => {
    // y = a0 + 2 a1 + white noise; a white with variances 1/3: R2 = (5/3) / (5/3 + 1/3).
    const next = uniform(8);
    const sum = await SpectraSum.open([2, 6, 6], 1, false, { providers: ['cpu'], threads: 1 });
    for (let i = 0; i < 1500; i++) {
      const a = Float32Array.from({ length: 72 }, next);
      await sum.add(
        a,
        Float32Array.from({ length: 36 }, (_, x) => a[x] + 2 * a[36 + x] + next())
      );
    }
    const spectra = await sum.finish();
    expect(leakage(spectra, noNoise(spectra))).toBeCloseTo(5 / 6, 2);
    // Noise of the signal's own variance halves every filter: half of each part of y is recovered.
    const S = spectra.aa.map(() => Float64Array.of(1 / 3, 0, 0, 1 / 3));
    expect(leakage(spectra, S)).toBeCloseTo(5 / 12, 2);
    expect(alphaOf(spectra, S)).toBeCloseTo(1 / 2, 2);
  });

  it('never grows with the noise', () =>
    fc.assert(
      fc.property(fc.integer(), seed => {
        const next = uniform(seed);
        const spectra = spectraOf(next);
        const some = spectra.aa.map(() => definite(C, next));
        const more = some.map(matrix => combine(1, matrix, 1, definite(C, next)));
        expect(leakage(spectra, some)).toBeLessThan(leakage(spectra, noNoise(spectra)));
        expect(leakage(spectra, more)).toBeLessThan(leakage(spectra, some));
      }),
      CASES
    ));

  it('is judged on other samples by the filter of the first', () => {
    const [fit, test] = [spectraOf(uniform(1)), spectraOf(uniform(2))];
    const S = fit.aa.map(() => identity(C));
    expect(leakage(fit, S, fit)).toBeCloseTo(leakage(fit, S), 12);
    expect(leakage(fit, S, test)).toBeLessThan(leakage(test, S));
  });
});

describe('the noise shape', () => {
  it('meets ALPHA', () =>
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        fc.constantFrom(0, 0.02, 0.3),
        (seed, alpha, floor) => {
          const next = uniform(seed);
          const spectra = spectraOf(next);
          const G = spectra.aa.map(() => definite(C, next));
          const { S, leakage: leaks } = new NoiseShaper(spectra, G, linearTargets(spectra, floor)).shape(alpha);
          expect(alphaOf(spectra, S)).toBeCloseTo(alpha, 4);
          expect(leaks).toBe(leakage(spectra, S));
          S.forEach(matrix => expect(least(matrix)).toBeGreaterThanOrEqual(-1e-9 * Math.max(...matrix)));
        }
      ),
      CASES
    ));

  it('is known where channels do not mix: S = sqrt(lambda b / g) - s, where that is positive', () => {
    const bins = radialBins(frequenciesOf(4, 4), []);
    const diagonal = (...values: number[]) => Float64Array.from({ length: 9 }, (_, i) => (i % 4 === 0 ? values[i / 4] : 0));
    const [s, b, g] = [
      [1, 2, 4],
      [0.5, 0.6, 0.1],
      [1, 0.1, 2]
    ];
    const ay = [diagonal(...b.map(Math.sqrt))];
    const spectra: Spectra = { bins, channels: 3, targets: 3, aa: [diagonal(...s)], ay, yy: [identity(3)] };
    const { S } = new NoiseShaper(spectra, [diagonal(...g)], linearTargets(spectra, 0)).shape(0.7);
    const rates = b.map((value, i) => Math.sqrt(value / g[i]));
    const root = (S[0][4] + s[1]) / rates[1];
    rates.forEach((rate, i) => expect(S[0][4 * i]).toBeCloseTo(Math.max(root * rate - s[i], 0), 8));
    expect(S[0][8]).toBe(0);
    expect(S[0][1]).toBeCloseTo(0, 10);
  });

  it('costs the task less than any noise near it that leaks as little', () =>
    fc.assert(
      fc.property(fc.integer(), seed => {
        const next = uniform(seed);
        const spectra = spectraOf(next);
        const G = spectra.aa.map(() => definite(C, next));
        // As many targets as channels, and so much noise that all of R - Saa is positive: there the closed form is the optimum.
        const full: Spectra = {
          ...spectra,
          targets: C,
          ay: spectra.aa.map(() => definite(C, next)),
          yy: spectra.aa.map(() => identity(C))
        };
        const best = new NoiseShaper(full, G, linearTargets(full, 0)).shape(0.999);
        best.S.forEach(matrix => expect(least(matrix)).toBeGreaterThan(0));
        for (let i = 0; i < 10; i++) {
          const other = best.S.map(matrix => combine(1, matrix, (0.1 * least(matrix)) / C, symmetric(next)));
          expect(costAt(other, best.leakage, full, G)).toBeGreaterThan(best.cost * (1 - 1e-5));
        }
      }),
      CASES
    ));

  it('grows with ALPHA in the matrix order, so that no attacker gains', () => {
    const next = uniform(3);
    const spectra = spectraOf(next);
    const G = spectra.aa.map(() => definite(C, next));
    let atLeast: NoiseSpectrum | undefined;
    for (const alpha of [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95]) {
      const { S } = new NoiseShaper(spectra, G, linearTargets(spectra, 0.02)).shape(alpha, atLeast);
      expect(alphaOf(spectra, S)).toBeCloseTo(alpha, 4);
      difference(S, atLeast ?? noNoise(spectra)).forEach((more, bin) =>
        expect(least(more)).toBeGreaterThanOrEqual(-1e-9 * Math.max(...S[bin]))
      );
      atLeast = S;
    }
  });

  it('is refused to a task that does not depend on the activation', () => {
    const spectra = spectraOf(uniform(1));
    expect(() => new NoiseShaper(spectra, noNoise(spectra), linearTargets(spectra, 0.02))).toThrow(
      'does not depend on the activation'
    );
  });

  function symmetric(next: () => number): Matrix {
    const values = Float64Array.from({ length: C * C }, next);
    return values.map((value, i) => value + values[(i % C) * C + Math.floor(i / C)]);
  }

  /** Cost of this noise, made as much stronger or weaker (with the signal it is added to) as makes it leak so much. */
  function costAt(S: NoiseSpectrum, target: number, spectra: Spectra, G: readonly Matrix[]): number {
    const grown = (factor: number) => S.map((matrix, bin) => combine(factor, matrix, factor - 1, spectra.aa[bin]));
    let [low, high] = [0.5, 2];
    for (let step = 0; step < 60; step++) {
      const middle = (low + high) / 2;
      [low, high] = leakage(spectra, grown(middle)) > target ? [middle, high] : [low, middle];
    }
    const { counts } = spectra.bins;
    return grown(low).reduce(
      (sum, matrix, bin) => sum + counts[bin] * matrix.reduce((t, value, i) => t + value * G[bin][i], 0),
      0
    );
  }
});

describe('a system of equations', () => {
  it('is solved', () => {
    const next = uniform(2);
    const A = definite(7, next);
    const x = Float64Array.from({ length: 49 }, next);
    solve(A, multiply(A, x, 7), 7, 7).forEach((value, i) => expect(value).toBeCloseTo(x[i], 9));
  });

  it('is refused when its matrix is not positive definite', () => {
    expect(() => cholesky(Float64Array.of(1, 2, 2, 1), 2)).toThrow('not positive definite');
  });
});
