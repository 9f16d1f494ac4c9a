import { VeilError, type ObfuscationDocument } from '../protocol';
import { triangle } from './artefact-tensors';
import { type Obfuscation } from './obfuscation';

/** float32 holds every whole number up to here, so z = code * step is exact. */
const EXACT = 2 ** 24;
/** Further from zero, in deviations, no sum of many epsilons comes. */
const REACH = 16;
/** How much finer than the smallest deviation of the noise the grid must be: what rounding adds is then below 1e-4 of it. */
const FINENESS = 64;

/** @throws VeilError `artefact_mismatch` when knots or rings are out of order, or what a knot says does not fit together */
export function checkKnots(path: string, { knots, ring_ends: rings }: ObfuscationDocument): void {
  const ascending = (values: readonly number[]) => values.every((value, i) => i === 0 || value > values[i - 1]);
  if (!ascending(knots.map(({ alpha }) => alpha))) {
    throw unusable(path, 'its knots are not in ascending order');
  }
  if (!ascending(rings)) {
    throw unusable(path, 'its radial bins are not in ascending order');
  }
  for (const { alpha, server, weights, looks, agreement } of knots) {
    const needs = server.includes('denoiser') || server.includes('tail');
    if (!server.includes('filter') || needs !== (weights !== null)) {
      throw unusable(
        path,
        `its knot ${alpha} names ${server.join(', ') || 'no server side'} and ${weights ? 'has' : 'no'} weights`
      );
    }
    if (!agreement.some(tried => tried.server.join() === server.join())) {
      throw unusable(path, `its knot ${alpha} does not say how well its server side does`);
    }
    if (!ascending(looks.map(entry => entry.looks))) {
      throw unusable(path, `the looks of its knot ${alpha} are not in ascending order`);
    }
  }
}

/** @throws VeilError `artefact_mismatch` unless the grid is fine enough for the weakest noise, and coarse enough for float32 */
export function checkGrid(path: string, obfuscation: Obfuscation): void {
  const { document, step, statistics, noise, counts } = obfuscation;
  const [channels] = document.activation_shape;
  const exponent = document.grid_exponent;
  const deviations = document.knots.map((_, knot) => deviationsOf(noise, knot, counts, channels));
  const [first, last] = [deviations[0], deviations[deviations.length - 1]];
  if (!(step <= least(first) / FINENESS)) {
    throw unusable(path, `its grid of 2^${exponent} is coarser than 1/${FINENESS} of the smallest noise deviation`);
  }
  const reach = last.reduce((most, deviation, c) => {
    const bound = Math.max(Math.abs(statistics.activation_low[c]), Math.abs(statistics.activation_high[c]));
    return Math.max(most, bound + REACH * deviation);
  }, 0);
  if (!(reach / step < EXACT - 1)) {
    throw unusable(path, `its grid of 2^${exponent} is finer than float32 can hold`);
  }
  if (!statistics.activation_low.every((low, c) => low < statistics.activation_high[c])) {
    throw unusable(path, 'it clamps a channel to nothing');
  }
}

/**
 * The coarsest grid that is fine enough for noise of this spectrum, the weakest of an artefact.
 * @param packed `pack`ed spectra [C,C] of its bins; @param counts coefficients in each bin
 * @returns k of the step 2^k
 */
export function gridExponentFor(packed: Float32Array, counts: Float64Array, channels: number): number {
  return Math.floor(Math.log2(least(deviationsOf(packed, 0, counts, channels)) / FINENESS));
}

/** Standard deviation of the noise in each channel: the mean of its spectrum over all coefficients. */
function deviationsOf(noise: Float32Array, knot: number, counts: Float64Array, channels: number): Float64Array {
  const whole = counts.reduce((sum, count) => sum + count);
  const variances = new Float64Array(channels);
  counts.forEach((count, bin) => {
    const from = (knot * counts.length + bin) * triangle(channels);
    for (let c = 0; c < channels; c++) {
      variances[c] += (count / whole) * noise[from + triangle(c) + c];
    }
  });
  return variances.map(Math.sqrt);
}

const least = (values: Float64Array): number => values.reduce((a, b) => Math.min(a, b));

export const unusable = (path: string, why: string): VeilError =>
  new VeilError(
    'artefact_mismatch',
    `${path} cannot be used: ${why}. Nothing was sent.`,
    'Copy the model folder again, or make the artefact anew.'
  );
