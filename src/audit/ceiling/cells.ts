import { noiseSpectrumAt, type Obfuscation } from '../../models';
import { cholesky, trace } from '../../numerics/matrix';
import { type Matrix } from '../../numerics/symmetric';
import { type Random } from '../../numerics/random';
import { triangle } from '../../models/artefact-tensors';
import { sampleOf, type Population } from './population';

const KINDS = 8;
/** Squared distance of two kinds in deviations of the noise, in the mean, at the strength in the middle: they are mistaken for each other now and then. */
const APART = 14;

/**
 * Cells that are each of one of a few kinds, independently, in the artefact's noise made white in space. The Bayes estimate
 * weighs the kinds by how likely each made the cell: it is far from linear, which an attack must learn.
 */
export function cells(audited: Obfuscation, random: Random): Population {
  const obfuscation = whiteInSpace(audited);
  const { document, statistics } = obfuscation;
  const [C, H, W] = document.activation_shape;
  const T = document.targets;
  const area = H * W;
  const spread = cholesky(lifted(pooled(statistics.aa, obfuscation.counts), C), C);
  const directions = Array.from({ length: KINDS }, () => lowerTimes(spread, random.normals(C), C));
  const middle = document.knots[document.knots.length >> 1].alpha;
  const L = cholesky(lifted(noiseSpectrumAt(obfuscation, middle)[0], C), C);
  const size = Math.sqrt(APART / meanDistance(directions.map(v => solveLower(L, v, C))));
  const centre = Float64Array.from({ length: C }, (_, c) => {
    const plane = statistics.activation_mean.subarray(c * area, (c + 1) * area);
    return plane.reduce((sum, value) => sum + value / area, 0);
  });
  const kinds = directions.map(v => ({
    activation: v.map((value, c) => centre[c] + size * value),
    target: Float64Array.from({ length: T }, () => random.uniform(0.1, 0.9))
  }));
  return {
    name: `cells of ${KINDS} kinds`,
    obfuscation,
    mean: Float32Array.from({ length: T * area }, (_, i) => meanOf(kinds.map(({ target }) => target[Math.floor(i / area)]))),
    draw: count =>
      Array.from({ length: count }, () => {
        const of = Array.from({ length: area }, () => kinds[random.integer(KINDS)]);
        return sampleOf(
          Float32Array.from({ length: C * area }, (_, i) => of[i % area].activation[Math.floor(i / area)]),
          Float32Array.from({ length: T * area }, (_, i) => of[i % area].target[Math.floor(i / area)])
        );
      }),
    best: S => {
      const factor = cholesky(lifted(S[0], C), C);
      const whitened = kinds.map(({ activation }) => solveLower(factor, activation, C));
      return z => {
        const estimate = new Float32Array(T * area);
        const column = new Float64Array(C);
        for (let at = 0; at < area; at++) {
          for (let c = 0; c < C; c++) {
            column[c] = z[c * area + at];
          }
          const seen = solveLower(factor, column, C);
          const distances = whitened.map(kind => kind.reduce((sum, value, c) => sum + (value - seen[c]) ** 2, 0));
          const least = Math.min(...distances);
          const weights = distances.map(distance => Math.exp((least - distance) / 2));
          const whole = weights.reduce((a, b) => a + b);
          kinds.forEach(({ target }, k) => {
            for (let t = 0; t < T; t++) {
              estimate[t * area + at] += (weights[k] / whole) * target[t];
            }
          });
        }
        return estimate;
      };
    }
  };
}

/** The same strengths with the noise of every ring that of their mean. */
function whiteInSpace(obfuscation: Obfuscation): Obfuscation {
  const { counts, noise, document } = obfuscation;
  const size = triangle(document.activation_shape[0]);
  const whole = counts.reduce((a, b) => a + b);
  const mean = new Float32Array(noise.length);
  for (let i = 0; i < noise.length; i++) {
    const ring = Math.floor(i / size) % counts.length;
    const knot = Math.floor(i / (size * counts.length));
    for (let other = 0; other < counts.length; other++) {
      mean[(knot * counts.length + other) * size + (i % size)] += (counts[ring] / whole) * noise[i];
    }
  }
  return { ...obfuscation, noise: mean };
}

function pooled(matrices: readonly Matrix[], counts: Float64Array): Matrix {
  const whole = counts.reduce((a, b) => a + b);
  return matrices[0].map((_, i) => matrices.reduce((sum, matrix, bin) => sum + (counts[bin] / whole) * matrix[i], 0));
}

/** What float32 takes from small eigenvalues, given back. */
function lifted(matrix: Matrix, n: number): Matrix {
  const lift = 2 ** -23 * trace(matrix, n);
  return matrix.map((value, i) => (i % (n + 1) === 0 ? value + lift : value));
}

function lowerTimes(L: Matrix, v: ArrayLike<number>, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let k = 0; k <= i; k++) {
      sum += L[i * n + k] * v[k];
    }
    return sum;
  });
}

function solveLower(L: Matrix, v: ArrayLike<number>, n: number): Float64Array {
  const x = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let rest = v[i];
    for (let k = 0; k < i; k++) {
      rest -= L[i * n + k] * x[k];
    }
    x[i] = rest / L[i * n + i];
  }
  return x;
}

function meanDistance(points: readonly Float64Array[]): number {
  let [sum, pairs] = [0, 0];
  points.forEach((a, i) =>
    points.slice(0, i).forEach(b => {
      sum += a.reduce((total, value, c) => total + (value - b[c]) ** 2, 0);
      pairs++;
    })
  );
  return sum / pairs;
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
