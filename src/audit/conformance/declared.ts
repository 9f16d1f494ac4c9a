import { noiseSpectrumAt, type Obfuscation } from '../../models';
import { cholesky, trace } from '../../numerics/matrix';
import { Random } from '../../numerics/random';
import { type Matrix } from '../../numerics/symmetric';
import { FieldTransform, type Shape } from './field';

/** What drawing adds to the declared density so that it has a factor, as a share of its trace: float32's rounding. */
const ROUNDING = 2 ** -23;

/** What an artefact says leaves at one ALPHA, and what follows from it. */
export class Declared {
  readonly shape: Shape;
  readonly bins: Uint8Array;
  readonly counts: Float64Array;
  readonly step: number;
  /** Density of what is whitened per radial bin, [C,C]: of the noise, of its rounding to the grid, and of the dither. */
  readonly density: Matrix[];
  /** Lower triangular L per bin, L L^T the density. */
  readonly factors: Matrix[];
  /** Standard deviation of the noise in each channel, the same at each position: [C]. */
  readonly deviations: Float64Array;
  readonly transform: FieldTransform;
  /** Of the dither. */
  private readonly random = new Random(1);

  /** @throws VeilError `bad_alpha` outside the knots; RangeError for a density with negative eigenvalues */
  constructor(
    private readonly obfuscation: Obfuscation,
    readonly alpha: number
  ) {
    const { document, bins, counts, step } = obfuscation;
    this.shape = document.activation_shape;
    this.bins = bins;
    this.counts = counts;
    this.step = step;
    const [C] = this.shape;
    this.density = noiseSpectrumAt(obfuscation, alpha).map(S => {
      // Rounding to a grid much finer than the deviation, and the dither, each add a twelfth of its square (Widrow and Kollar 2008).
      const lift = ROUNDING * trace(S, C) + step ** 2 / 6;
      return S.map((value, i) => (i % (C + 1) === 0 ? value + lift : value));
    });
    this.factors = this.density.map(S => cholesky(S, C));
    const whole = counts.reduce((sum, count) => sum + count);
    this.deviations = Float64Array.from({ length: C }, (_, c) =>
      Math.sqrt(this.density.reduce((sum, S, bin) => sum + (counts[bin] / whole) * S[c * (C + 1)], 0))
    );
    this.transform = new FieldTransform(this.shape);
  }

  /** The activation as it is before noise: clamped, and rounded to the grid. [C,H,W] */
  quantised(activation: Float32Array): Float64Array {
    return Float64Array.from(activation, (_, place) => this.quantisedAt(activation, place));
  }

  /** One value of it. */
  quantisedAt(activation: Float32Array, place: number): number {
    const { activation_low: low, activation_high: high } = this.obfuscation.statistics;
    const c = Math.floor(place / this.bins.length);
    return this.step * Math.round(Math.min(Math.max(activation[place], low[c]), high[c]) / this.step);
  }

  /** A noise spread evenly over the steps of its grid: what is discrete is not normal, however fine. */
  dithered(noise: Float32Array): Float64Array {
    return Float64Array.from(noise, value => value + this.step * (this.random.uniform() - 0.5));
  }

  /** What made a noise [C,H,W]: coefficients [C, H*W] that are independent and standard normal for declared noise. */
  whitened(noise: ArrayLike<number>): Float32Array {
    const [C, H, W] = this.shape;
    const area = H * W;
    const coefficients = this.transform.of(noise);
    const column = new Float64Array(C);
    for (let f = 0; f < area; f++) {
      const L = this.factors[this.bins[f]];
      for (let c = 0; c < C; c++) {
        let rest = coefficients[c * area + f];
        const row = c * C;
        for (let k = 0; k < c; k++) {
          rest -= L[row + k] * column[k];
        }
        column[c] = rest / L[row + c];
      }
      for (let c = 0; c < C; c++) {
        coefficients[c * area + f] = column[c];
      }
    }
    return coefficients;
  }
}
