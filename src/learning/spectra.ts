import { Fourier } from '../numerics/dft';
import { radialBins, type RadialBins } from '../numerics/radial-bins';
import { type Matrix } from '../numerics/symmetric';

/** Second-order statistics of fields a [C, H, W] and y [T, H, W], per radial bin: real, since each bin holds its conjugates. */
export interface Spectra {
  bins: RadialBins;
  channels: number;
  targets: number;
  /** Mean of a_f a_f^H over samples and the bin's frequencies: [C, C]. */
  aa: Matrix[];
  /** Of a_f y_f^H: [C, T]. */
  ay: Matrix[];
  /** Of y_f y_f^H: [T, T]. */
  yy: Matrix[];
}

/**
 * Gathers spectra sample by sample, in float64. Pooled over bins they need far fewer samples than one per frequency, and
 * assume that directions do not matter.
 */
export class SpectraSum {
  readonly bins: RadialBins;
  private readonly fourier: Fourier;
  private readonly rows: number;
  private readonly re: Float64Array;
  private readonly im: Float64Array;
  private readonly meanRe: Float64Array;
  private readonly meanIm: Float64Array;
  private readonly products: Matrix[];
  private samples = 0;

  /**
   * @param shape of a: channels, height, width
   * @param targets channels of y, on the same H x W; 0 for spectra of a alone
   * @param centred take away each position's mean over the samples
   */
  constructor(
    private readonly shape: readonly [number, number, number],
    private readonly targets: number,
    private readonly centred: boolean,
    ends?: readonly number[]
  ) {
    const [channels, height, width] = shape;
    this.fourier = new Fourier(height, width);
    this.bins = radialBins(this.fourier.frequencies, ends);
    this.rows = channels + targets;
    const size = this.rows * this.bins.of.length;
    [this.re, this.im, this.meanRe, this.meanIm] = Array.from({ length: 4 }, () => new Float64Array(size));
    this.products = Array.from(this.bins.counts, () => new Float64Array(this.rows * this.rows));
  }

  /** @param a C x H x W values; @param y T x H x W values */
  add(a: Float32Array, y: Float32Array = new Float32Array()): void {
    const [channels, height, width] = this.shape;
    const area = height * width;
    if (a.length !== channels * area || y.length !== this.targets * area) {
      throw new RangeError(
        `Fields of ${a.length} and ${y.length} values, expected ${channels * area} and ${this.targets * area}`
      );
    }
    for (let row = 0; row < this.rows; row++) {
      const [field, index] = row < channels ? [a, row] : [y, row - channels];
      // One frequency's values lie side by side.
      this.fourier.transform(field.subarray(index * area, (index + 1) * area), this.re, this.im, row, this.rows);
    }
    this.samples++;
    this.accumulate(this.re, this.im, 1, this.products);
    for (let i = 0; i < this.re.length; i++) {
      this.meanRe[i] += (this.re[i] - this.meanRe[i]) / this.samples;
      this.meanIm[i] += (this.im[i] - this.meanIm[i]) / this.samples;
    }
  }

  /** @throws RangeError without samples */
  finish(): Spectra {
    if (this.samples === 0) {
      throw new RangeError('There are no samples to take statistics of.');
    }
    const sums = this.products.map(product => product.slice());
    if (this.centred) {
      this.accumulate(this.meanRe, this.meanIm, -this.samples, sums);
    }
    const [channels] = this.shape;
    const part = (bin: number, fromRow: number, toRow: number, fromColumn: number, toColumn: number): Matrix => {
      const scale = 1 / (this.samples * this.bins.counts[bin]);
      const width = toColumn - fromColumn;
      return Float64Array.from({ length: (toRow - fromRow) * width }, (_, i) => {
        const [row, column] = [fromRow + Math.floor(i / width), fromColumn + (i % width)];
        return scale * sums[bin][Math.max(row, column) * this.rows + Math.min(row, column)];
      });
    };
    const all = Array.from(this.bins.counts.keys());
    return {
      bins: this.bins,
      channels,
      targets: this.targets,
      aa: all.map(bin => part(bin, 0, channels, 0, channels)),
      ay: all.map(bin => part(bin, 0, channels, channels, this.rows)),
      yy: all.map(bin => part(bin, channels, this.rows, channels, this.rows))
    };
  }

  /** Add `factor` Re z_f z_f^H of every frequency to the lower triangle of its bin's sum. */
  private accumulate(re: Float64Array, im: Float64Array, factor: number, sums: Matrix[]): void {
    const { of, frequencies } = this.bins;
    const { rows } = this;
    for (let f = 0; f < of.length; f++) {
      const sum = sums[of[f]];
      const weight = factor * frequencies.weights[f];
      const from = f * rows;
      for (let i = 0; i < rows; i++) {
        const real = weight * re[from + i];
        const imaginary = weight * im[from + i];
        for (let j = 0; j <= i; j++) {
          sum[i * rows + j] += real * re[from + j] + imaginary * im[from + j];
        }
      }
    }
  }
}
