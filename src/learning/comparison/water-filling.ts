import { dot, product, trace } from '../../numerics/matrix';
import { eigenSymmetric, multiply, spectralMap, type Matrix } from '../../numerics/symmetric';
import { type Spectra } from '../spectra';
import { meetLeakage } from './meet-leakage';

const HALVINGS = 80;

/** What a bin leaks as a function of its scale s: l(s) = sum_i power_i / (d_i + s). */
interface Bin {
  /** G^-1, the shape of the noise. */
  shape: Matrix;
  /** tr(G G^-1): what a unit of s costs the task. */
  price: number;
  d: Float64Array;
  power: Float64Array;
}

/**
 * Noise s_r G_r^-1 with the scales s_r of the bins such that sum_r n_r tr(G_r S_r) is least for what leaks. With
 * G^1/2 Saa G^1/2 = Q diag(d) Q^T and Y = Q^T G^1/2 Say a bin leaks l(s) = sum_i |Y_i|^2 / (d_i + s), which is convex: so
 * the optimum is where -mu l_r'(s_r) is the price of s_r, or s_r = 0 where it is less from the start (Boyd and
 * Vandenberghe, Convex Optimization, 2004, 5.5.3: water-filling). One search over mu meets `alpha`.
 * @param G positive definite, per bin [C,C]
 * @throws RangeError when no mu does that
 */
export function waterFilled(spectra: Spectra, G: readonly Matrix[], alpha: number): Matrix[] {
  const { aa, channels } = spectra;
  const bins = G.map((matrix, bin) => binOf(spectra, matrix, bin));
  const at = (log: number) => bins.map(bin => bin.shape.map(value => scaleFor(bin, Math.exp(log)) * value));
  // The mu at which a bin with as much noise as signal in each direction is at its optimum, in the mean over bins.
  const starts = bins.map((bin, i) => {
    const scale = trace(aa[i], channels) / trace(bin.shape, channels);
    return Math.log(bin.price / slope(bin, scale));
  });
  return meetLeakage(spectra, alpha, at, starts.reduce((sum, start) => sum + start) / starts.length);
}

function binOf({ aa, ay, channels, targets }: Spectra, G: Matrix, bin: number): Bin {
  const eigen = eigenSymmetric(G, channels);
  const root = spectralMap(eigen, Math.sqrt);
  const shape = spectralMap(eigen, value => 1 / value);
  const whitened = eigenSymmetric(multiply(multiply(root, aa[bin], channels), root, channels), channels);
  const Y = product(multiply(whitened.vectors, root, channels), ay[bin], channels, channels, targets);
  return {
    shape,
    price: dot(G, shape),
    d: whitened.values.map(value => Math.max(value, 0)),
    power: whitened.values.map((_, i) => Y.subarray(i * targets, (i + 1) * targets).reduce((sum, y) => sum + y * y, 0))
  };
}

/** -l'(s). */
function slope({ d, power }: Bin, s: number): number {
  return power.reduce((sum, value, i) => sum + (value === 0 ? 0 : value / (d[i] + s) ** 2), 0);
}

function scaleFor(bin: Bin, mu: number): number {
  const enough = bin.price / mu;
  if (slope(bin, 0) <= enough) {
    return 0;
  }
  // -l'(s) is at most the sum of powers / s^2.
  let [low, high] = [0, Math.sqrt(bin.power.reduce((sum, value) => sum + value, 0) / enough)];
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (low + high) / 2;
    [low, high] = slope(bin, middle) > enough ? [middle, high] : [low, middle];
  }
  return high;
}
