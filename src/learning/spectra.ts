import { frequenciesOf } from '../numerics/frequencies';
import { hartleyBins, hartleyMatrix } from '../numerics/hartley';
import { radialBins, type RadialBins } from '../numerics/radial-bins';
import { type Matrix } from '../numerics/symmetric';
import { type OnnxModel } from '../models/onnx';
import { model, node, port } from '../models/onnx/build';
import { floatTensor, integerTensor } from '../models/onnx/tensors';
import { LearningSession, type LearningDevice } from './session';

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
 * Gathers spectra sample by sample. Pooled over bins they need far fewer samples than one per frequency, and assume that
 * directions do not matter. One sample's products are float32, made in ONNX Runtime; sums over samples are float64.
 */
export class SpectraSum {
  private readonly products: Matrix[];
  private readonly mean: Float64Array;
  /** The first sample, taken away from all when centred: what is left is small beside the mean it would drown in. */
  private origin: Float32Array | undefined;
  private samples = 0;

  private constructor(
    private readonly shape: readonly [number, number, number],
    private readonly targets: number,
    private readonly centred: boolean,
    readonly bins: RadialBins,
    private readonly session: LearningSession
  ) {
    const rows = shape[0] + targets;
    this.mean = new Float64Array(rows * shape[1] * shape[2]);
    this.products = Array.from(bins.counts, () => new Float64Array(rows * rows));
  }

  /**
   * @param shape of a: channels, height, width
   * @param targets channels of y, on the same H x W; 0 for spectra of a alone
   * @param centred take away each position's mean over the samples
   */
  static async open(
    shape: readonly [number, number, number],
    targets: number,
    centred: boolean,
    device: LearningDevice,
    ends?: readonly number[]
  ): Promise<SpectraSum> {
    const [channels, height, width] = shape;
    const bins = radialBins(frequenciesOf(height, width), ends);
    const session = await LearningSession.open(productGraph([channels + targets, height, width], bins), device);
    return new SpectraSum(shape, targets, centred, bins, session);
  }

  /** @param a C x H x W values; @param y T x H x W values */
  async add(a: Float32Array, y: Float32Array = new Float32Array()): Promise<void> {
    const [channels, height, width] = this.shape;
    const area = height * width;
    if (a.length !== channels * area || y.length !== this.targets * area) {
      throw new RangeError(
        `Fields of ${a.length} and ${y.length} values, expected ${channels * area} and ${this.targets * area}`
      );
    }
    const both = new Float32Array(a.length + y.length);
    both.set(a);
    both.set(y, a.length);
    this.origin ??= this.centred ? both.slice() : new Float32Array(both.length);
    this.samples++;
    for (let i = 0; i < both.length; i++) {
      both[i] -= this.origin[i];
      this.mean[i] += (both[i] - this.mean[i]) / this.samples;
    }
    await this.accumulate(both, 1, this.products);
  }

  /** @throws RangeError without samples */
  async finish(): Promise<Spectra> {
    if (this.samples === 0) {
      throw new RangeError('There are no samples to take statistics of.');
    }
    if (this.centred) {
      await this.accumulate(Float32Array.from(this.mean), -this.samples, this.products);
    }
    await this.session.release();
    const [channels] = this.shape;
    const rows = channels + this.targets;
    const part = (bin: number, fromRow: number, toRow: number, fromColumn: number, toColumn: number): Matrix => {
      const scale = 1 / (this.samples * this.bins.counts[bin]);
      const width = toColumn - fromColumn;
      return Float64Array.from({ length: (toRow - fromRow) * width }, (_, i) => {
        const [row, column] = [fromRow + Math.floor(i / width), fromColumn + (i % width)];
        // Rounding may tell the two halves apart; spectra are symmetric.
        return scale * this.products[bin][Math.max(row, column) * rows + Math.min(row, column)];
      });
    };
    const all = Array.from(this.bins.counts.keys());
    return {
      bins: this.bins,
      channels,
      targets: this.targets,
      aa: all.map(bin => part(bin, 0, channels, 0, channels)),
      ay: all.map(bin => part(bin, 0, channels, channels, rows)),
      yy: all.map(bin => part(bin, channels, rows, channels, rows))
    };
  }

  /** The mean of a and y at each position, [C,H,W] and [T,H,W]. */
  means(): { a: Float32Array; y: Float32Array } {
    const [channels, height, width] = this.shape;
    const mean = Float32Array.from(this.mean, (value, i) => value + (this.origin?.[i] ?? 0));
    const split = channels * height * width;
    return { a: mean.slice(0, split), y: mean.slice(split) };
  }

  private async accumulate(field: Float32Array, factor: number, sums: Matrix[]): Promise<void> {
    const [channels, height, width] = this.shape;
    const products = await this.session.run({ field: { data: field, dims: [channels + this.targets, height, width] } });
    sums.forEach((sum, bin) => {
      const { data } = products[`bin ${bin}`];
      for (let i = 0; i < sum.length; i++) {
        sum[i] += factor * data[i];
      }
    });
  }
}

/** From a field [R,H,W], per bin the sum of X X^T [R,R] over the bin's Hartley coefficients X. */
function productGraph([rows, height, width]: readonly [number, number, number], bins: RadialBins): OnnxModel {
  const of = hartleyBins(bins);
  const matrix = (name: string, n: number) => floatTensor(name, [n, n], Float32Array.from(hartleyMatrix(n)));
  const products = Array.from(bins.counts.keys()).flatMap(bin => [
    node('Gather', ['coefficients', `members ${bin}`], [`of bin ${bin}`], { axis: 1 }),
    node('Transpose', [`of bin ${bin}`], [`transposed ${bin}`], { perm: [1, 0] }),
    node('MatMul', [`of bin ${bin}`, `transposed ${bin}`], [`bin ${bin}`])
  ]);
  const members = (bin: number) => Array.from(of.keys()).filter(i => of[i] === bin);
  return model({
    name: 'spectra of a field',
    nodes: [
      node('MatMul', ['field', 'wide'], ['across']),
      node('MatMul', ['tall', 'across'], ['down']),
      node('Reshape', ['down', 'flat'], ['coefficients']),
      ...products
    ],
    inputs: [port('field', [rows, height, width])],
    outputs: Array.from(bins.counts.keys(), bin => port(`bin ${bin}`, [rows, rows])),
    initialisers: [
      matrix('wide', width),
      matrix('tall', height),
      integerTensor('flat', [rows, height * width]),
      ...Array.from(bins.counts.keys(), bin => integerTensor(`members ${bin}`, members(bin)))
    ]
  });
}
