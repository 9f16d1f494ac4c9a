import { dot, quadratic, solve, trace } from '../numerics/matrix';
import { combine, type Matrix } from '../numerics/symmetric';
import { type Spectra } from './spectra';

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
