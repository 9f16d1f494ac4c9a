import { type Matrix } from '../../numerics/symmetric';
import { type Sample } from '../../learning/samples';
import { type Sender } from '../sender';
import { type Declared } from './declared';

/** One tensor that left, and what declared noise would have been made from. */
export interface Tensor {
  /** What it is of, for people. */
  name: string;
  /** As given, [C,H,W]. */
  activation: Float32Array;
  /** Of its image in each cell, less the mean: [H*W]. */
  brightness: Float32Array;
  /** As it left, [C,H,W]. */
  z: Float32Array;
  /** What was added to the activation on its grid, [C,H,W]. */
  noise: Float32Array;
  /** Whitened coefficients of its dithered values, [C, H*W]: independent and standard normal for declared noise. */
  white: Float32Array;
  /** The same over positions, [C,H,W]: the orthogonal transform of `white`, so of the same distribution. */
  flat: Float32Array;
}

/** @throws VeilError as the sender; RangeError for a tensor of another length */
export async function observe(
  sender: Sender,
  declared: Declared,
  { activation, target }: Pick<Sample, 'activation' | 'target'>,
  name: string
): Promise<Tensor> {
  const z = await sender.send(activation.slice(), declared.alpha);
  if (z.length !== activation.length) {
    throw new RangeError(`A tensor of ${z.length} values left for an activation of ${activation.length}.`);
  }
  const clean = declared.quantised(activation);
  const noise = z.map((value, i) => value - clean[i]);
  const white = declared.whitened(declared.dithered(noise));
  const brightness = brightnessOf(target, declared.bins.length);
  return { name, activation, brightness, z, noise, white, flat: declared.transform.of(white) };
}

function brightnessOf(target: Float32Array, area: number): Float32Array {
  const sums = new Float32Array(area);
  target.forEach((value, i) => (sums[i % area] += value));
  const mean = sums.reduce((sum, value) => sum + value, 0) / area;
  return sums.map(value => value - mean);
}

/** What was seen at one ALPHA. */
export class Strength {
  private sums: Matrix[] | undefined;

  /**
   * @param images tensors of distinct activations, in the order in which one life of the sender sent them
   * @param lives tensors of one activation, each of another life
   */
  constructor(
    readonly declared: Declared,
    readonly images: readonly Tensor[],
    readonly lives: readonly Tensor[]
  ) {}

  get alpha(): number {
    return this.declared.alpha;
  }

  get all(): readonly Tensor[] {
    return [...this.images, ...this.lives];
  }

  /** Per radial bin the sum of E E^T [C,C] over all tensors and the bin's whitened coefficients E; lower triangle only. */
  get scatter(): readonly Matrix[] {
    this.sums ??= this.gather();
    return this.sums;
  }

  private gather(): Matrix[] {
    const { shape, bins, counts } = this.declared;
    const [C, H, W] = shape;
    const sums = Array.from(counts, () => new Float64Array(C * C));
    const column = new Float64Array(C);
    for (const { white } of this.all) {
      for (let f = 0; f < H * W; f++) {
        for (let c = 0; c < C; c++) {
          column[c] = white[c * H * W + f];
        }
        const sum = sums[bins[f]];
        for (let i = 0; i < C; i++) {
          const value = column[i];
          for (let j = 0; j <= i; j++) {
            sum[i * C + j] += value * column[j];
          }
        }
      }
    }
    return sums;
  }
}
