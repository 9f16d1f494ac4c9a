import { type Detection } from '../protocol';
import { averagePrecision, averagePrecisionInterval, rank, rankingAp, type ScoredImage } from './average-precision';
import { bootstrapInterval, type BootstrapOptions, type Interval } from './bootstrap';
import { type LabelledPhotograph } from './datasets';

export interface EvaluationOptions extends BootstrapOptions {
  /** Least overlap of a detection with what it finds; default one half. */
  iou?: number;
  /** Called after each photograph with how many are done. */
  progress?: (done: number) => void;
}

export interface DetectorEvaluation {
  ap: number;
  /** 95 %, bootstrap over photographs. */
  interval: Interval;
  recall: number;
  /** One per photograph, in the data set's order. */
  images: ScoredImage[];
}

/**
 * Run a detector on a data set, photograph after photograph, and take its average precision.
 * @param run the detections of a photograph, in its pixels, down to whatever score; what it throws goes on
 * @throws RangeError when the data set has no truth that counts
 */
export async function evaluateDetector(
  run: (path: string) => Promise<readonly Detection[]>,
  dataset: readonly LabelledPhotograph[],
  options: EvaluationOptions = {}
): Promise<DetectorEvaluation> {
  const { iou = 0.5, progress } = options;
  const images: ScoredImage[] = [];
  for (const { path, truth } of dataset) {
    images.push({ detections: await run(path), truth });
    progress?.(images.length);
  }
  const { ap, recall } = averagePrecision(images, iou);
  return { ap, interval: averagePrecisionInterval(images, iou, options), recall, images };
}

export interface Retained {
  /** Average precision with noise / average precision without. */
  retained: number;
  /** 95 %, bootstrap over images: both see the same resamples, so what makes images hard for both cancels. */
  interval: Interval;
  noisy: number;
  clean: number;
}

/**
 * What noise leaves of a detector's average precision.
 * @param clean @param noisy the same images in the same order with the same truth
 * @throws RangeError when they are not, when there is no truth, or the clean detector finds nothing
 */
export function retainedAp(
  clean: readonly ScoredImage[],
  noisy: readonly ScoredImage[],
  options: EvaluationOptions = {}
): Retained {
  const { iou = 0.5 } = options;
  if (clean.length !== noisy.length || clean.some(({ truth }, i) => truth.length !== noisy[i].truth.length)) {
    throw new RangeError('Retained average precision compares runs on the same images.');
  }
  const [whole, left] = [averagePrecision(clean, iou).ap, averagePrecision(noisy, iou).ap];
  if (whole === 0) {
    throw new RangeError('Without noise nothing is found: there is nothing to retain.');
  }
  const [cleanRanking, noisyRanking] = [rank(clean, iou), rank(noisy, iou)];
  // A resample on which the clean detector finds nothing is drawn again: 0 / 0 and x / 0 say nothing.
  const ratio = (times: Uint32Array) => rankingAp(noisyRanking, times) / (rankingAp(cleanRanking, times) || NaN);
  return { retained: left / whole, interval: bootstrapInterval(clean.length, ratio, options), noisy: left, clean: whole };
}
