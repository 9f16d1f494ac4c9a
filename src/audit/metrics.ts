import {
  assemble,
  bootstrapInterval,
  pooledR2,
  pooledR2Interval,
  psnr,
  squaredError,
  type Field,
  type Picture,
  type SquaredError
} from '../evaluation';
import { type Sample } from '../learning/samples';
import { type AttackResult, type Measured } from '../protocol';
import { Original } from './similarity';

/** Of an estimate that equals the picture, dB. */
const BEST_PSNR = 100;

/** What one estimate got of one image. */
export interface Score {
  error: SquaredError;
  detail: SquaredError;
  psnr: number;
  ssim: number;
  ms_ssim: number;
  pearson2: number;
}

/** Holds estimates against attacked images. */
export class Judge {
  private readonly truths: { picture: Picture; original: Original; spread: number }[];

  /** @param mean of the attacker's own images, [T,H,W]: R2 is counted from it */
  constructor(
    private readonly attacked: readonly Sample[],
    private readonly mean: Float32Array,
    private readonly cells: Field
  ) {
    const middle = assemble(mean, cells);
    this.truths = attacked.map(({ target }) => {
      const picture = assemble(target, cells);
      return { picture, original: new Original(picture), spread: detailOff(picture, middle) };
    });
  }

  /** @param estimate of attacked image i, [T,H,W]; is brought to 0…1 */
  score(i: number, estimate: Float32Array): Score {
    const { target } = this.attacked[i];
    const within = inRange(estimate);
    const [truth, picture] = [this.truths[i], assemble(within, this.cells)];
    return {
      error: squaredError(target, within, this.mean),
      detail: { error: detailOff(truth.picture, picture), spread: truth.spread },
      psnr: Math.min(psnr(truth.picture, picture), BEST_PSNR),
      ssim: truth.original.ssim(picture),
      ms_ssim: truth.original.msSsim(picture),
      pearson2: squaredCorrelation(truth.picture, picture)
    };
  }
}

/** No pixel lies outside 0…1, as any attacker knows. */
export function inRange(estimate: Float32Array): Float32Array {
  return estimate.map(value => (value < 0 ? 0 : value > 1 ? 1 : value));
}

export const imageR2 = ({ error: { error, spread } }: Score): number => (spread > 0 ? 1 - error / spread : 0);

/** What a row of the report says of the scores. */
export function measure(scores: readonly Score[]): Pick<AttackResult, 'r2' | 'ci' | 'metrics'> {
  const errors = scores.map(({ error }) => error);
  const details = scores.map(({ detail }) => detail);
  const shares = details.map(({ error, spread }) => (spread > 0 ? 1 - error / spread : 0));
  return {
    r2: pooledR2(errors),
    ci: pooledR2Interval(errors),
    metrics: {
      psnr: measured(scores.map(score => score.psnr)),
      ssim: measured(scores.map(score => score.ssim)),
      ms_ssim: measured(scores.map(score => score.ms_ssim)),
      pearson2: measured(scores.map(score => score.pearson2)),
      // Of a picture without detail there is next to nothing to divide by: the mean is that of all pictures' detail.
      detail_r2: { mean: pooledR2(details), ci: pooledR2Interval(details), worst5: worst(shares) },
      image_r2: measured(scores.map(imageR2))
    }
  };
}

/** Larger is more recovered in every metric. */
function measured(values: readonly number[]): Measured {
  const mean = (times: ArrayLike<number> | null): number => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < values.length; i++) {
      const weight = times ? times[i] : 1;
      sum += weight * values[i];
      count += weight;
    }
    return sum / count;
  };
  return { mean: mean(null), ci: bootstrapInterval(values.length, mean), worst5: worst(values) };
}

function worst(values: readonly number[]): number {
  const most = [...values].sort((a, b) => b - a).slice(0, Math.max(1, Math.round(values.length / 20)));
  return most.reduce((sum, value) => sum + value, 0) / most.length;
}

/** Squared Pearson correlation of all values; 0 where one of the pictures is flat. */
export function squaredCorrelation(a: Picture, b: Picture): number {
  const mean = ({ rgb }: Picture) => rgb.reduce((sum, value) => sum + value, 0) / rgb.length;
  const [mA, mB] = [mean(a), mean(b)];
  let [aa, ab, bb] = [0, 0, 0];
  for (let i = 0; i < a.rgb.length; i++) {
    const [x, y] = [a.rgb[i] - mA, b.rgb[i] - mB];
    aa += x * x;
    ab += x * y;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? (ab * ab) / (aa * bb) : 0;
}

/** Sum of squares of what differs between two pictures from one pixel to its right and lower neighbours: `detailError`. */
export function detailOff(a: Picture, b: Picture): number {
  const { width, rgb } = a;
  const [row, end] = [3 * width, rgb.length];
  let sum = 0;
  for (let y = 0; y < end; y += row) {
    for (let i = y; i < y + row; i++) {
      const off = rgb[i] - b.rgb[i];
      if (i + 3 < y + row) {
        sum += (rgb[i + 3] - b.rgb[i + 3] - off) ** 2;
      }
      if (i + row < end) {
        sum += (rgb[i + row] - b.rgb[i + row] - off) ** 2;
      }
    }
  }
  return sum;
}
