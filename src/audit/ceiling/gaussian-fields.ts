import { type Obfuscation } from '../../models';
import { attackersFor } from '../../models/strength';
import { cholesky, trace } from '../../numerics/matrix';
import { type Matrix } from '../../numerics/symmetric';
import { type Random } from '../../numerics/random';
import { FieldTransform } from '../conformance/field';
import { sampleOf, type Population } from './population';

/** Deviations of the target that lie within 0…1: beyond them an attack that keeps to the range is in the right. */
const DEVIATIONS = 5;
/** Rounding of the artefact's spectra can leave them without a factor, by such a share of the trace. */
const ROUNDING = 1e-6;

/**
 * Gaussian fields with the spectra that the artefact has of real activations and images, targets made paler. With a linear
 * relation and Gaussian noise the Wiener filter with the true spectra is the Bayes estimate.
 */
export function gaussianFields(obfuscation: Obfuscation, random: Random): Population {
  const { document, statistics, bins } = obfuscation;
  const [C, H, W] = document.activation_shape;
  const T = document.targets;
  const area = H * W;
  const scale = palerBy(obfuscation);
  const shown = { ...statistics, ay: statistics.ay.map(ay => ay.map(v => scale * v)) };
  const factors = statistics.aa.map((aa, bin) =>
    cholesky(joint(aa, shown.ay[bin], statistics.yy[bin], scale * scale, C, T), C + T)
  );
  const [wide, narrow] = [new FieldTransform([C + T, H, W]), new FieldTransform([C, H, W])];
  const pictures = new FieldTransform([T, H, W]);
  return {
    name: "Gaussian fields with the artefact's spectra",
    obfuscation,
    mean: new Float32Array(T * area).fill(0.5),
    draw: count =>
      Array.from({ length: count }, () => {
        const coefficients = new Float32Array((C + T) * area);
        const white = new Float64Array(C + T);
        for (let f = 0; f < area; f++) {
          const L = factors[bins[f]];
          for (let i = 0; i < C + T; i++) {
            white[i] = random.normal();
            let sum = 0;
            for (let k = 0; k <= i; k++) {
              sum += L[i * (C + T) + k] * white[k];
            }
            coefficients[i * area + f] = sum;
          }
        }
        const field = wide.of(coefficients);
        const activation = field.subarray(0, C * area).map((value, i) => value + statistics.activation_mean[i]);
        return sampleOf(
          activation,
          field.subarray(C * area).map(value => value + 0.5)
        );
      }),
    best: S => {
      const filters = attackersFor(shown, S);
      return z => {
        const noisy = narrow.of(z.map((value, i) => value - statistics.activation_mean[i]));
        const estimate = new Float32Array(T * area);
        for (let f = 0; f < area; f++) {
          const A = filters[bins[f]];
          for (let c = 0; c < C; c++) {
            const value = noisy[c * area + f];
            for (let t = 0; t < T; t++) {
              estimate[t * area + f] += A[c * T + t] * value;
            }
          }
        }
        return pictures.of(estimate).map(value => value + 0.5);
      };
    }
  };
}

function palerBy({ statistics: { yy }, counts, document: { targets } }: Obfuscation): number {
  const whole = counts.reduce((a, b) => a + b);
  const variances = Float64Array.from({ length: targets }, (_, t) =>
    yy.reduce((sum, matrix, bin) => sum + (counts[bin] / whole) * matrix[t * (targets + 1)], 0)
  );
  return 0.5 / (DEVIATIONS * Math.sqrt(variances.reduce((a, b) => Math.max(a, b))));
}

/** The spectrum of activation and target together, [C+T, C+T]. */
function joint(aa: Matrix, ay: Matrix, yy: Matrix, scale: number, C: number, T: number): Matrix {
  const n = C + T;
  const [liftA, liftY] = [(ROUNDING * trace(aa, C)) / C, (ROUNDING * scale * trace(yy, T)) / T];
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    if (i < C && j < C) {
      return aa[i * C + j] + (i === j ? liftA : 0);
    }
    if (i >= C && j >= C) {
      return scale * yy[(i - C) * T + j - C] + (i === j ? liftY : 0);
    }
    return i < C ? ay[i * T + j - C] : ay[j * T + i - C];
  });
}
