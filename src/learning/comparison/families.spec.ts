import fc from 'fast-check';
import { uniform } from '../../../test/graphs/run';
import { frequenciesOf } from '../../numerics/frequencies';
import { dot, product, transpose } from '../../numerics/matrix';
import { radialBins } from '../../numerics/radial-bins';
import { combine, eigenSymmetric, identity, type Matrix } from '../../numerics/symmetric';
import { alphaOf, type NoiseSpectrum } from '../leakage';
import { NoiseShaper, linearTargets } from '../noise-shape';
import { type Spectra } from '../spectra';
import { FAMILIES, spectrumOf, type Family, type Known } from './families';

const CASES = { seed: 20240607, numRuns: 10 };
const [C, T] = [5, 3];

function definite(n: number, next: () => number): Matrix {
  const root = Float64Array.from({ length: n * n }, next);
  return combine(1, product(root, transpose(root, n, n), n, n, n), 0.05, identity(n));
}

/** Fields as they may be: every bin's joint matrix of a and y is positive definite, and low frequencies are stronger. */
function knownOf(seed: number): Known {
  const next = uniform(seed);
  const bins = radialBins(frequenciesOf(8, 8), [0.5, 1.5, 2.5]);
  const joints = Array.from(bins.counts, (_, bin) => definite(C + T, next).map(value => value / (1 + bin) ** 2));
  const part = (rows: [number, number], columns: [number, number]) =>
    joints.map(joint =>
      joint.filter((_, i) => {
        const [row, column] = [Math.floor(i / (C + T)), i % (C + T)];
        return row >= rows[0] && row < rows[1] && column >= columns[0] && column < columns[1];
      })
    );
  const [a, y]: [number, number][] = [
    [0, C],
    [C, C + T]
  ];
  const spectra: Spectra = { bins, channels: C, targets: T, aa: part(a, a), ay: part(a, y), yy: part(y, y) };
  const G = joints.map(() => definite(C, next));
  const shaper = new NoiseShaper(spectra, G, linearTargets(spectra, 0.02));
  const ladder: NoiseSpectrum[] = [shaper.shape(0.02).S];
  for (const alpha of [0.2, 0.6, 0.95]) {
    ladder.push(shaper.shape(alpha, ladder.at(-1)).S);
  }
  return { spectra, G, ladder: async () => ladder };
}

const cost = ({ spectra, G }: Known, S: NoiseSpectrum) =>
  S.reduce((sum, matrix, bin) => sum + spectra.bins.counts[bin] * dot(G[bin], matrix), 0);

describe('families of noise', () => {
  it('take the same from the linear attacker, and are noise', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.constantFrom(...FAMILIES),
        fc.double({ min: 0.05, max: 0.94, noNaN: true }),
        async (seed, family, alpha) => {
          const known = knownOf(seed);
          const S = await spectrumOf(family, known, alpha);
          expect(Math.abs(alphaOf(known.spectra, S) - alpha)).toBeLessThan(1e-4);
          for (const matrix of S) {
            const { values } = eigenSymmetric(matrix, C);
            expect(values[0]).toBeGreaterThanOrEqual(-1e-9 * values[C - 1]);
            matrix.forEach((value, i) => expect(value).toBeCloseTo(matrix[(i % C) * C + Math.floor(i / C)], 9));
          }
        }
      ),
      { ...CASES, numRuns: 60 }
    ));

  it('have the shape that their names say', async () => {
    const known = knownOf(1);
    const at = (family: Family) => spectrumOf(family, known, 0.7);
    const isotropic = await at('isotropic');
    isotropic.forEach(matrix => expect(matrix).toEqual(combine(isotropic[0][0], identity(C), 0, identity(C))));
    const [channels, covariance, radial, filled] = await Promise.all(
      (['per-channel', 'full-covariance', 'radial', 'water-filled'] as const).map(at)
    );
    const { aa, bins } = known.spectra;
    const variance = (c: number) => aa.reduce((sum, matrix, bin) => sum + bins.counts[bin] * matrix[c * (C + 1)], 0);
    expect(channels[0][C + 1] / channels[0][0]).toBeCloseTo(variance(1) / variance(0), 9);
    expect(channels[0][1]).toBe(0);
    for (const white of [channels, covariance]) {
      white.forEach(matrix => expect(matrix).toEqual(white[0]));
    }
    const scales = radial.map((matrix, bin) => scaleOf(known.G[bin], matrix));
    scales.forEach(scale => expect(scale).toBeCloseTo(scales[0], 6));
    filled.forEach((matrix, bin) => scaleOf(known.G[bin], matrix));
  });

  it('cost the task less when scales may differ over frequencies, and no other scales cost less', () =>
    fc.assert(
      fc.asyncProperty(fc.integer(), fc.double({ min: 0.3, max: 0.9, noNaN: true }), async (seed, alpha) => {
        const known = knownOf(seed);
        const [radial, filled] = [await spectrumOf('radial', known, alpha), await spectrumOf('water-filled', known, alpha)];
        expect(cost(known, filled)).toBeLessThanOrEqual(cost(known, radial) * (1 + 1e-6));
        const next = uniform(seed);
        for (let i = 0; i < 10; i++) {
          // Other scales that cost as much take less from the attacker.
          const other = filled.map(matrix => combine(1 + 0.2 * next(), matrix, 0, matrix));
          const dear = cost(known, filled) / cost(known, other);
          const alike = other.map(matrix => matrix.map(value => dear * value));
          expect(alphaOf(known.spectra, alike)).toBeLessThanOrEqual(alphaOf(known.spectra, filled) + 1e-6);
        }
      }),
      CASES
    ));

  it('refuse what no strength of theirs does', async () => {
    const known = knownOf(2);
    await expect(spectrumOf('refined', known, 0.99)).rejects.toThrow('No noise of this family makes ALPHA 0.99');
    const deaf = { ...known, G: known.G.map(matrix => matrix.map(() => 0)) };
    await expect(spectrumOf('radial', deaf, 0.5)).rejects.toThrow('does not depend on the activation');
  });

  /** s of S = s G^-1. */
  function scaleOf(G: Matrix, S: Matrix): number {
    const both = product(G, S, C, C, C);
    both.forEach((value, i) => expect(value).toBeCloseTo(i % (C + 1) === 0 ? both[0] : 0, 6));
    return both[0];
  }
});
