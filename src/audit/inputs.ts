import { decoderFront } from '../models/decoder-graph';
import { attackersFor, filtersFor } from '../models/strength';
import { type NoiseSpectrum } from '../learning/leakage';
import { LearningSession, type LearningDevice } from '../learning/session';
import { type Statistics } from '../learning/statistics';
import { combine, eigenSymmetric, identity, multiply, spectralMap, type Matrix } from '../numerics/symmetric';
import { type AttackInput } from '../protocol';

/** What a rounding to the grid adds, as a share of its squared step: activation and noise are both rounded. */
const ROUNDINGS = 2 / 12;

/** The noise as an attacker meets it who divides by it: spectrum and rounding, so that no direction is without. */
export function noiseAndRounding({ spectra }: Statistics, S: NoiseSpectrum | null, step: number): Matrix[] {
  const { aa, channels } = spectra;
  const rounding = identity(channels).map(value => value * ROUNDINGS * step * step);
  return aa.map((_, bin) => (S ? combine(1, S[bin], 1, rounding) : rounding));
}

/** (S + rounding)^-1/2 per radial bin: what makes the noise white and of variance 1. */
export function whiteningFor(statistics: Statistics, S: NoiseSpectrum | null, step: number): Matrix[] {
  return noiseAndRounding(statistics, S, step).map(matrix =>
    spectralMap(eigenSymmetric(matrix, statistics.spectra.channels), value => 1 / Math.sqrt(value))
  );
}

/** W of each bin such that the input is mean + W (z - mean), [C,C]. */
export function inputMatrices(
  statistics: Statistics,
  S: NoiseSpectrum | null,
  input: AttackInput,
  step: number
): readonly Matrix[] {
  const { kept, spectra } = statistics;
  switch (input) {
    case 'raw':
      return spectra.aa.map(() => identity(spectra.channels));
    case 'whitened':
      return whiteningFor(statistics, S, step);
    case 'denoised':
      return filtersFor(kept, S ?? spectra.aa.map(matrix => new Float64Array(matrix.length)));
  }
}

/** The same with every channel of deviation 1: what a network trains on that was not made for this input. */
export function scaledMatrices(
  statistics: Statistics,
  S: NoiseSpectrum | null,
  input: AttackInput,
  step: number
): readonly Matrix[] {
  const { aa, bins, channels } = statistics.spectra;
  const matrices = inputMatrices(statistics, S, input, step);
  const power = new Float64Array(channels);
  matrices.forEach((W, bin) => {
    const seen = S ? combine(1, aa[bin], 1, S[bin]) : aa[bin];
    // Each W is symmetric.
    const spread = multiply(multiply(W, seen, channels), W, channels);
    power.forEach((_, c) => (power[c] += bins.counts[bin] * spread[c * (channels + 1)]));
  });
  const whole = bins.counts.reduce((sum, count) => sum + count, 0);
  const scale = power.map(value => 1 / Math.sqrt(Math.max(value / whole, 1e-12)));
  return matrices.map(W => W.map((value, i) => value * scale[Math.floor(i / channels)]));
}

/** From `noisy` [N,C,H,W] by these matrices `activation`, and the linear attacker's estimate `linear` [N,T,H,W]. */
export function openInput(
  { field, kept, spectra }: Statistics,
  S: NoiseSpectrum | null,
  filter: readonly Matrix[],
  device: LearningDevice
): Promise<LearningSession> {
  const attacker = attackersFor(kept, S ?? spectra.aa.map(matrix => new Float64Array(matrix.length)));
  const parts = { ...field, mean: kept.activation_mean, targetMean: kept.target_mean, filter, attacker };
  return LearningSession.open(decoderFront(parts), device);
}
