import fc from 'fast-check';
import { uniform } from '../../test/graphs/run';
import { eigenSymmetric, identity, multiply, positivePart, spectralMap, type Matrix } from './symmetric';

const CASES = { seed: 20240607, numRuns: 60 };

function symmetric(n: number, next: () => number): Matrix {
  const values = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      values[i * n + j] = values[j * n + i] = next();
    }
  }
  return values;
}

const furthest = (a: Matrix, b: Matrix) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
const transposed = (a: Matrix, n: number) => a.map((_, i) => a[(i % n) * n + Math.floor(i / n)]);

function expectDecomposed(matrix: Matrix, n: number): void {
  const eigen = eigenSymmetric(matrix, n);
  const size = Math.max(...matrix.map(Math.abs), Number.MIN_VALUE);
  expect(
    furthest(
      spectralMap(eigen, value => value),
      matrix
    ) / size
  ).toBeLessThan(n * 1e-14);
  expect(furthest(multiply(eigen.vectors, transposed(eigen.vectors, n), n), identity(n))).toBeLessThan(n * 1e-14);
  expect([...eigen.values]).toEqual([...eigen.values].sort((a, b) => a - b));
}

describe('the eigenvalues of a symmetric matrix', () => {
  it('and its orthonormal eigenvectors make it again', () =>
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 24 }), fc.integer({ min: -150, max: 150 }), (seed, n, exponent) => {
        const next = uniform(seed);
        expectDecomposed(
          symmetric(n, () => next() * 10 ** exponent),
          n
        );
      }),
      CASES
    ));

  it('may be equal, zero, or far apart', () => {
    expectDecomposed(identity(6), 6);
    expectDecomposed(new Float64Array(16), 4);
    expectDecomposed(
      Float64Array.from({ length: 25 }, () => 1),
      5
    );
    const graded = (i: number, j: number) => 10 ** -(i + j);
    expectDecomposed(
      Float64Array.from({ length: 64 }, (_, k) => graded(Math.floor(k / 8), k % 8)),
      8
    );
    expectDecomposed(symmetric(128, uniform(1)), 128);
  });

  it('are those of the second difference, which are known', () => {
    const n = 12;
    const matrix = Float64Array.from({ length: n * n }, (_, k) => {
      const distance = Math.abs(Math.floor(k / n) - (k % n));
      return distance === 0 ? 2 : distance === 1 ? -1 : 0;
    });
    const known = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
    eigenSymmetric(matrix, n).values.forEach((value, k) => expect(value).toBeCloseTo(known[k], 13));
  });

  it('of matrices far from full rank, whose other values are all rounding', () => {
    const [n, rank] = [128, 48];
    const next = uniform(1);
    for (const decay of [0, 0.1, 0.3]) {
      for (let attempt = 0; attempt < 4; attempt++) {
        const factor = Float64Array.from({ length: n * rank }, (_, k) => next() * Math.exp(-decay * Math.floor(k / rank)));
        const matrix = new Float64Array(n * n);
        matrix.forEach((_, at) => {
          const [i, j] = [Math.floor(at / n) * rank, (at % n) * rank];
          for (let k = 0; k < rank; k++) {
            matrix[at] += factor[i + k] * factor[j + k];
          }
        });
        expectDecomposed(matrix, n);
      }
    }
  });

  it('are refused to a matrix with a value that is not finite', () => {
    expect(() => eigenSymmetric(Float64Array.of(1, NaN, NaN, 1), 2)).toThrow(RangeError);
  });
});

it('the positive part of a symmetric matrix loses its negative eigenvalues and nothing else', () => {
  const n = 9;
  const matrix = symmetric(n, uniform(4));
  const before = eigenSymmetric(matrix, n).values.map(value => Math.max(value, 0));
  const after = eigenSymmetric(positivePart(matrix, n), n).values;
  after.forEach((value, k) => expect(value).toBeCloseTo(before[k], 12));
});
