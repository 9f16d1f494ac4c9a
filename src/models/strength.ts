import { cholesky, solve, trace } from '../numerics/matrix';
import { combine, type Matrix } from '../numerics/symmetric';
import { VeilError, type Knot } from '../protocol';
import { type ArtefactStatistics } from './artefact-content';
import { unpack } from './artefact-tensors';
import { type Obfuscation } from './obfuscation';

/** A stationary Gaussian field on the H x W torus, and the grid that activation and noise are rounded to. Plain data. */
export interface NoiseField {
  /** [C,H,W] of the activation. */
  shape: readonly [number, number, number];
  /** What the activation is clamped to, per channel: [C]. */
  low: Float32Array;
  high: Float32Array;
  /** Of the grid: a power of two. */
  step: number;
  /** The radial bin of each Hartley coefficient, [H*W]: `hartleyBins`. */
  bins: Uint8Array;
  /** Per bin a lower triangular L, L L^T the spectral density: [binCount, C, C], row-major. */
  factors: Float32Array;
}

/** Knots around a strength, and the share of the way from the lower to the upper one. */
interface Between {
  lower: number;
  upper: number;
  share: number;
}

/** Of an obfuscation, what `alphaAfterLooks` needs. */
export interface Strengths {
  document: { knots: readonly Pick<Knot, 'alpha' | 'looks'>[] };
}

/** @throws VeilError `bad_alpha` outside the knots */
export function between({ document: { knots } }: Strengths, alpha: number): Between {
  const [first, last] = [knots[0].alpha, knots[knots.length - 1].alpha];
  if (!(alpha >= first && alpha <= last)) {
    throw new VeilError(
      'bad_alpha',
      `ALPHA ${alpha} is outside this artefact's ${first} … ${last}. Nothing was run.`,
      'Use a value inside.'
    );
  }
  const upper = knots.findIndex(knot => knot.alpha >= alpha);
  const lower = knots[upper].alpha === alpha ? upper : upper - 1;
  const share = lower === upper ? 0 : (alpha - knots[lower].alpha) / (knots[upper].alpha - knots[lower].alpha);
  return { lower, upper, share };
}

/** The knot whose server side is used; half-way between two the stronger one's. */
export function nearestKnot(obfuscation: Obfuscation, alpha: number): number {
  const { lower, upper, share } = between(obfuscation, alpha);
  return share < 0.5 ? lower : upper;
}

/** The knot whose noise has the power nearest to that of S. @param S spectral density per radial bin, [C,C] */
export function knotOfPower(obfuscation: Pick<Obfuscation, 'noise' | 'counts' | 'document'>, S: readonly Matrix[]): number {
  const { noise, counts, document } = obfuscation;
  const [channels] = document.activation_shape;
  const of = (k: number) => Array.from(counts, (_, bin) => unpack(noise, channels, k * counts.length + bin));
  return nearestPower(
    document.knots.map((_, k) => of(k)),
    S,
    counts,
    channels
  );
}

/** The same among noises that are in no artefact yet. @param counts frequencies of each bin */
export function nearestPower(
  noises: readonly (readonly Matrix[])[],
  S: readonly Matrix[],
  counts: ArrayLike<number>,
  channels: number
): number {
  const power = (matrices: readonly Matrix[]) =>
    matrices.reduce((sum, matrix, bin) => sum + counts[bin] * trace(matrix, channels), 0);
  const wanted = power(S);
  const distances = noises.map(noise => Math.abs(Math.log(power(noise) / wanted)));
  return distances.indexOf(Math.min(...distances));
}

/**
 * Spectral density S of the noise per radial bin, [C,C]. Between knots it is interpolated, so that a larger ALPHA is never
 * less noise in any direction.
 * @throws VeilError `bad_alpha` outside the knots
 */
export function noiseSpectrumAt(obfuscation: Obfuscation, alpha: number): Matrix[] {
  const { noise, counts, document } = obfuscation;
  const [channels] = document.activation_shape;
  const { lower, upper, share } = between(obfuscation, alpha);
  const of = (knot: number, bin: number) => unpack(noise, channels, knot * counts.length + bin);
  return Array.from(counts, (_, bin) =>
    share === 0 ? of(lower, bin) : combine(1 - share, of(lower, bin), share, of(upper, bin))
  );
}

/** Rounding to float32 can take as much from an eigenvalue, as a share of the trace. */
const ROUNDING = 2 ** -23;

/**
 * The noise of one strength, ready to be drawn.
 * @throws VeilError `bad_alpha` outside the knots, `artefact_mismatch` when no noise has such a spectrum
 */
export function noiseFieldAt(obfuscation: Obfuscation, alpha: number): NoiseField {
  const { document, statistics, step, bins } = obfuscation;
  const [channels] = document.activation_shape;
  const size = channels * channels;
  const spectrum = noiseSpectrumAt(obfuscation, alpha);
  const factors = new Float32Array(spectrum.length * size);
  spectrum.forEach((S, bin) => {
    const power = trace(S, channels);
    if (power !== 0) {
      factors.set(factorOf(lifted(S, ROUNDING * power, channels), channels, alpha), bin * size);
    }
  });
  return {
    shape: document.activation_shape,
    low: statistics.activation_low,
    high: statistics.activation_high,
    step,
    bins,
    factors
  };
}

function factorOf(S: Matrix, channels: number, alpha: number): Matrix {
  try {
    return cholesky(S, channels);
  } catch {
    throw new VeilError(
      'artefact_mismatch',
      `The artefact's spectrum at ALPHA ${alpha} is that of no noise: it has negative eigenvalues. Nothing was sent.`,
      'Make the artefact anew.'
    );
  }
}

/** Keeps directions without signal and noise solvable: this share of the mean diagonal of Saa. */
const RIDGE = 1e-9;

/** W = Saa (Saa + S)^-1 per bin [C,C]: the best linear estimate of the clean activation is W x. Without S: none is needed. */
export function filtersFor(statistics: ArtefactStatistics, S: readonly Matrix[]): Matrix[] {
  const channels = statistics.activation_low.length;
  return statistics.aa.map((aa, bin) => {
    // (Saa + S)^-1 Saa is W transposed.
    const solved = estimatorOf(aa, S[bin], aa, channels);
    return solved.map((_, i) => solved[(i % channels) * channels + Math.floor(i / channels)]);
  });
}

/**
 * A = (Saa + S)^-1 Say per bin [C,T]: the estimate of the target by the linear attacker who sees the whole field and knows
 * S is A^T x (Wiener 1949). With S = 0 everywhere it is the naive viewer's, fitted to clean activations.
 */
export function attackersFor(statistics: ArtefactStatistics, S: readonly Matrix[]): Matrix[] {
  const channels = statistics.activation_low.length;
  return statistics.aa.map((aa, bin) => estimatorOf(aa, S[bin], statistics.ay[bin], channels));
}

/** (Saa + S)^-1 B for B [C,R]. */
function estimatorOf(aa: Matrix, S: Matrix, B: Matrix, channels: number): Matrix {
  const noisy = lifted(combine(1, aa, 1, S), (RIDGE * trace(aa, channels)) / channels, channels);
  return solve(noisy, B, channels, B.length / channels);
}

/** S of a clean activation. */
export function noNoise({ aa }: ArtefactStatistics): Matrix[] {
  return aa.map(matrix => new Float64Array(matrix.length));
}

/** A + value I. */
function lifted(matrix: Matrix, value: number, n: number): Matrix {
  const sum = matrix.slice();
  for (let i = 0; i < n; i++) {
    sum[i * (n + 1)] += value;
  }
  return sum;
}

/**
 * What is left of ALPHA when one source was seen so often with fresh noise, from what was measured at the knots: linear in
 * ALPHA and in the logarithm of the number of looks.
 * @param looks from 1
 * @returns null beyond the looks that were measured
 * @throws VeilError `bad_alpha` outside the knots
 */
export function alphaAfterLooks(strengths: Strengths, alpha: number, looks: number): number | null {
  const { lower, upper, share } = between(strengths, alpha);
  const [weak, strong] = [lower, upper].map(knot => inTable(strengths.document.knots[knot].looks, looks));
  return weak === null || strong === null ? null : (1 - share) * weak + share * strong;
}

function inTable(table: readonly { looks: number; alpha: number }[], looks: number): number | null {
  const next = table.findIndex(entry => entry.looks >= looks);
  if (next < 0) {
    return null;
  }
  const [after, before] = [table[next], table[Math.max(0, next - 1)]];
  const way = next === 0 ? 1 : Math.log(looks / before.looks) / Math.log(after.looks / before.looks);
  return before.alpha + way * (after.alpha - before.alpha);
}
