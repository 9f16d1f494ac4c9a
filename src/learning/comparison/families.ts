import { trace } from '../../numerics/matrix';
import { combine, eigenSymmetric, identity, spectralMap, type Matrix } from '../../numerics/symmetric';
import { linearTargets, NoiseShaper } from '../noise-shape';
import { type NoiseSpectrum } from '../leakage';
import { rung } from '../shaping';
import { type Spectra } from '../spectra';
import { meetLeakage } from './meet-leakage';
import { waterFilled } from './water-filling';

/** Floors of the geometric mean that are compared. */
const FLOORS = [0, 0.02, 0.1, 0.3];

/** Kinds of noise, from what knows nothing to what the learning pass makes. */
export const FAMILIES = [
  'isotropic',
  'per-channel',
  'full-covariance',
  'radial',
  'water-filled',
  ...FLOORS.map(floor => `geometric-mean ${floor}` as const),
  'refined'
] as const;
export type Family = (typeof FAMILIES)[number];

/** What shapes may depend on. */
export interface Known {
  spectra: Spectra;
  /** Sensitivity of the task per bin [C,C]. */
  G: readonly Matrix[];
  /** Noise of rising strength that was shaped against trained decoders; asked for by `refined` alone. */
  ladder: () => Promise<readonly NoiseSpectrum[]>;
}

/**
 * The noise of a family, its one strength such that the full-field linear attacker loses the share `alpha`.
 * @throws RangeError when no strength does that
 */
export async function spectrumOf(family: Family, known: Known, alpha: number): Promise<Matrix[]> {
  const { spectra, G } = known;
  const { aa, channels } = spectra;
  switch (family) {
    case 'isotropic':
      return stretched(aa.map(() => identity(channels)));
    case 'per-channel':
      return stretched(aa.map(() => variances(spectra)));
    case 'full-covariance':
      return stretched(aa.map(() => inverse(pooled(G, spectra.bins.counts), channels)));
    case 'radial':
      return stretched(G.map(matrix => inverse(matrix, channels)));
    case 'water-filled':
      return waterFilled(
        spectra,
        G.map(matrix => lifted(matrix, channels)),
        alpha
      );
    case 'refined': {
      const ladder = await known.ladder();
      const within = (place: number) => Math.min(Math.max(place, 0), ladder.length - 1);
      return meetLeakage(spectra, alpha, place => rung(ladder, within(place)), ladder.length / 2);
    }
    default: {
      const B = linearTargets(spectra, Number(family.split(' ')[1]));
      return [...new NoiseShaper(spectra, G, B).shape(alpha).S];
    }
  }

  /** One factor for all bins; the search starts where there is as much noise as signal. */
  function stretched(shape: readonly Matrix[]): Matrix[] {
    const power = (matrices: readonly Matrix[]) =>
      matrices.reduce((sum, matrix, bin) => sum + spectra.bins.counts[bin] * trace(matrix, channels), 0);
    const at = (log: number) => shape.map(matrix => matrix.map(value => Math.exp(log) * value));
    return meetLeakage(spectra, alpha, at, Math.log(power(aa) / power(shape)));
  }
}

/** The mean over all frequencies. */
function pooled(matrices: readonly Matrix[], counts: Float64Array): Matrix {
  const whole = counts.reduce((sum, count) => sum + count);
  return matrices.reduce(
    (sum, matrix, bin) => combine(1, sum, counts[bin] / whole, matrix),
    new Float64Array(matrices[0].length)
  );
}

/** A diagonal matrix of the channels' variances. */
function variances({ aa, bins, channels }: Spectra): Matrix {
  return pooled(aa, bins.counts).map((value, i) => (i % (channels + 1) === 0 ? value : 0));
}

/** Directions to which the task is less sensitive than this share of the most sensitive one count as so sensitive. */
const LEAST_SENSITIVITY = 1e-4;

function lifted(G: Matrix, channels: number): Matrix {
  return liftedMap(G, channels, value => value);
}

function inverse(G: Matrix, channels: number): Matrix {
  return liftedMap(G, channels, value => 1 / value);
}

function liftedMap(G: Matrix, channels: number, f: (value: number) => number): Matrix {
  const eigen = eigenSymmetric(G, channels);
  const least = LEAST_SENSITIVITY * eigen.values[channels - 1];
  if (!(least > 0)) {
    throw new RangeError('The task does not depend on the activation: its gradients are zero.');
  }
  return spectralMap(eigen, value => f(Math.max(value, least)));
}
