import { type Spectra } from './spectra';
import { combine, type Matrix } from './symmetric';

/** The spectral density of stationary Gaussian noise: one positive semidefinite [C, C] matrix per radial bin. */
export type NoiseSpectrum = readonly Matrix[];

export function noNoise({ aa }: Spectra): NoiseSpectrum {
  return aa.map(matrix => new Float64Array(matrix.length));
}

/** Added to the diagonal of Saa + S, relative to the mean diagonal of Saa: what keeps an empty direction solvable. */
const RIDGE = 1e-9;

/**
 * The share of the variance of y that the best linear attacker recovers from a + n who sees the whole field and knows
 * S: a Wiener filter per frequency (Wiener 1949). L(S) = sum_f tr(Say_f^H (Saa_f + S_f)^-1 Say_f) / sum_f tr(Syy_f).
 * @param S spectral density of the noise n
 * @param test spectra of other samples, on which the filter is judged that the first gave it: with few samples the
 *   formula flatters the attacker, other samples do not
 */
export function leakage(spectra: Spectra, S: NoiseSpectrum, test: Spectra = spectra): number {
  let [recovered, whole] = [0, 0];
  spectra.bins.counts.forEach((count, bin) => {
    const filter = wiener(spectra, S, bin);
    const noisy = combine(1, test.aa[bin], 1, S[bin]);
    recovered += count * (2 * dot(filter, test.ay[bin]) - quadratic(filter, noisy, test.channels, test.targets));
    whole += count * trace(test.yy[bin], test.targets);
  });
  return recovered / whole;
}

/** ALPHA: the share of what the attacker recovers from the clean activation that the noise takes away. */
export function alphaOf(spectra: Spectra, S: NoiseSpectrum, test: Spectra = spectra): number {
  return 1 - leakage(spectra, S, test) / leakage(spectra, noNoise(spectra), test);
}

/** W = (Saa + S)^-1 Say: [C, T]; the attacker's estimate of y_f is W^T z_f. */
export function wiener({ aa, ay, channels, targets }: Spectra, S: NoiseSpectrum, bin: number): Matrix {
  const noisy = combine(1, aa[bin], 1, S[bin]);
  const ridge = (RIDGE * trace(aa[bin], channels)) / channels;
  for (let i = 0; i < channels; i++) {
    noisy[i * (channels + 1)] += ridge;
  }
  return solve(noisy, ay[bin], channels, targets);
}

/** A^-1 B by Cholesky's factors of the symmetric positive definite A [n, n]; B is [n, m]. */
export function solve(A: Matrix, B: Matrix, n: number, m: number): Matrix {
  const factor = cholesky(A, n);
  const x = B.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      subtractRow(x, i, factor[i * n + k], k, m);
    }
    divideRow(x, i, factor[i * n + i], m);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) {
      subtractRow(x, i, factor[k * n + i], k, m);
    }
    divideRow(x, i, factor[i * n + i], m);
  }
  return x;
}

/**
 * Lower triangular L with L L^T = A.
 * @throws RangeError when A is not positive definite
 */
export function cholesky(A: Matrix, n: number): Matrix {
  const L = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = A[i * n + j];
      for (let k = 0; k < j; k++) {
        rest -= L[i * n + k] * L[j * n + k];
      }
      if (i === j && !(rest > 0)) {
        throw new RangeError('The matrix is not positive definite.');
      }
      L[i * n + j] = i === j ? Math.sqrt(rest) : rest / L[j * n + j];
    }
  }
  return L;
}

export function trace(matrix: Matrix, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += matrix[i * (n + 1)];
  }
  return sum;
}

/** tr(A^T B): the sum of the products of their values. */
export function dot(a: Matrix, b: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

/** tr(W^T A W) for W [n, m]. */
function quadratic(W: Matrix, A: Matrix, n: number, m: number): number {
  let sum = 0;
  const row = new Float64Array(m);
  for (let i = 0; i < n; i++) {
    row.fill(0);
    for (let k = 0; k < n; k++) {
      const weight = A[i * n + k];
      for (let j = 0; j < m; j++) {
        row[j] += weight * W[k * m + j];
      }
    }
    for (let j = 0; j < m; j++) {
      sum += W[i * m + j] * row[j];
    }
  }
  return sum;
}

function subtractRow(x: Matrix, to: number, factor: number, from: number, m: number): void {
  for (let j = 0; j < m; j++) {
    x[to * m + j] -= factor * x[from * m + j];
  }
}

function divideRow(x: Matrix, row: number, divisor: number, m: number): void {
  for (let j = 0; j < m; j++) {
    x[row * m + j] /= divisor;
  }
}
