import { eigenSymmetric, type Matrix } from '../../../numerics/symmetric';
import { type ArtefactStatistics } from '../../../models';
import { type Check, type Subject } from '../check';

/**
 * In each ring, the power along single directions of the channels' space: a bare direction, noise on 127 channels, a wrong
 * Q, a transposed factor. Channels, the declared noise's own directions, and those the activation varies along most, which
 * are what a bare one would give away.
 */
export function directions({ obfuscation: { statistics } }: Pick<Subject, 'obfuscation'>): Check {
  const signal = directionsOf(statistics.aa, statistics);
  return {
    name: 'directions',
    title: 'Each channel, and each direction of the noise and of the activation, has the declared power in each ring',
    examine({ alpha, declared, all, scatter }, evidence) {
      const { counts, density, factors, shape } = declared;
      const [C] = shape;
      const own = directionsOf(density, statistics);
      scatter.forEach((sum, bin) => {
        const n = all.length * counts[bin];
        const along = (v: (i: number) => number, what: (k: number) => string, k: number) => {
          // v^T n n^T v / v^T S v = w^T E E^T w with w = L^T v / |L^T v|.
          const w = throughFactor(factors[bin], v, C);
          evidence.chiSquare(quadratic(sum, w, C), n, () => `${what(k)} in ring ${bin}, ALPHA ${alpha}`);
        };
        for (let k = 0; k < C; k++) {
          evidence.chiSquare(sum[k * (C + 1)], n, () => `whitened channel ${k} in ring ${bin}, ALPHA ${alpha}`);
          along(
            i => Number(i === k),
            c => `channel ${c}`,
            k
          );
          along(
            i => own[bin][k * C + i],
            d => `direction ${d} of the noise`,
            k
          );
          along(
            i => signal[bin][k * C + i],
            d => `direction ${d} of the activation`,
            k
          );
        }
      });
    }
  };
}

/** Per bin the unit eigenvectors, one a row. */
function directionsOf(matrices: readonly Matrix[], { activation_low }: ArtefactStatistics): Matrix[] {
  return matrices.map(matrix => eigenSymmetric(matrix, activation_low.length).vectors);
}

function throughFactor(L: Matrix, v: (i: number) => number, C: number): Float64Array {
  const w = new Float64Array(C);
  for (let i = 0; i < C; i++) {
    const value = v(i);
    for (let k = 0; value !== 0 && k <= i; k++) {
      w[k] += L[i * C + k] * value;
    }
  }
  const length = Math.sqrt(w.reduce((sum, value) => sum + value * value, 0));
  return w.map(value => value / length);
}

/** w^T A w of the lower triangle of a symmetric A. */
function quadratic(A: Matrix, w: Float64Array, C: number): number {
  let sum = 0;
  for (let i = 0; i < C; i++) {
    let row = 0.5 * A[i * C + i] * w[i];
    for (let j = 0; j < i; j++) {
      row += A[i * C + j] * w[j];
    }
    sum += 2 * row * w[i];
  }
  return sum;
}
