import { type Obfuscation } from '../models';
import { noiseSpectrumAt } from '../models/strength';
import { cholesky, trace } from '../numerics/matrix';
import { combine, identity, type Matrix } from '../numerics/symmetric';
import { type Statistics } from '../learning/statistics';

/** What the factor that noise is drawn by adds to the diagonal, as a share of the trace: `noiseFieldAt`. */
const LIFT = 2 ** -23;

/**
 * Upper bound on what one tensor says about the activation, and so about the image, in bits:
 * sum over frequencies of 1/2 log2 det(I + S^-1 Saa), the capacity of a channel with Gaussian noise of spectrum S whose
 * input has spectrum Saa (Cover and Thomas, Elements of Information Theory, 2nd ed., 9.4). Where a bin has no noise, and
 * whenever it is less: the logarithm of the number of tensors on the grid.
 */
export function bitsPerLook(obfuscation: Obfuscation, { spectra }: Statistics, alpha: number): number {
  const { document, statistics, step } = obfuscation;
  const [channels, height, width] = document.activation_shape;
  const S = noiseSpectrumAt(obfuscation, alpha);
  const gaussian = S.reduce((sum, matrix, bin) => {
    const noise = combine(1, matrix, LIFT * trace(matrix, channels), identity(channels));
    const capacity = (logDet(combine(1, noise, 1, spectra.aa[bin]), channels) - logDet(noise, channels)) / 2;
    return sum + (spectra.bins.counts[bin] * capacity) / Math.LN2;
  }, 0);
  const grid = statistics.activation_low.reduce(
    (sum, low, c) => sum + height * width * Math.log2((statistics.activation_high[c] - low) / step + 1),
    0
  );
  return Number.isNaN(gaussian) ? grid : Math.min(gaussian, grid);
}

/** NaN for a matrix that has none. */
function logDet(matrix: Matrix, n: number): number {
  try {
    const L = cholesky(matrix, n);
    return 2 * Array.from({ length: n }, (_, i) => Math.log(L[i * (n + 1)])).reduce((sum, value) => sum + value, 0);
  } catch {
    return NaN;
  }
}
