import { type Detection } from '../protocol';
import { bootstrapInterval, type BootstrapOptions, type Interval } from './bootstrap';

/** A rectangle in pixels: x right, y down; it covers x1…x2 and y1…y2, so its area is (x2 - x1) (y2 - y1). */
export interface Box {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/** A box that is to be found; `ignore`: finding it neither counts nor is punished (PASCAL VOC's "difficult"). */
export interface TruthBox extends Box {
  ignore?: boolean;
}

/** One image: what a detector says, down to whatever score, and what is there. */
export interface ScoredImage {
  detections: readonly Detection[];
  truth: readonly TruthBox[];
}

export interface AveragePrecision {
  /** Area under the envelope of the precision-recall curve, 0…1. */
  ap: number;
  /** Share of the truth that all detections together find, 0…1. */
  recall: number;
  /** One point per counted detection, by descending score: recall and precision of all detections down to it. */
  curve: { score: number; recall: number; precision: number }[];
}

/**
 * Average precision as PASCAL VOC defines it from 2010 on (Everingham et al., The PASCAL Visual Object Classes challenge,
 * IJCV 88, 2010, and its development kit), for one class.
 *
 * Matching. Detections of all images are taken by descending score; equal scores keep the order of the images, then the
 * order within one. Each is compared with the truth of its image it overlaps most (intersection over union; of equal ones
 * the first), ignored or not, taken or not. Where that overlap is below `iou`, the detection is false. Otherwise, if that
 * truth is ignored, the detection is left out of the count, however many there are; if it is not yet taken, the detection
 * finds it; if it is, the detection is a duplicate and false: it does not try the next best truth.
 *
 * Curve. After every counted detection recall is found / truth (ignored truth left out), precision found / counted.
 *
 * Area. All points: the sum over found truths of 1 / truth times the largest precision at that recall or a larger one
 * (the monotone envelope). Truth that no detection finds adds nothing. No detections: 0.
 *
 * @param iou least overlap, 0 < iou <= 1
 * @throws RangeError when there is no truth that counts, or a number is not finite, or a box's sides are swapped
 */
export function averagePrecision(images: readonly ScoredImage[], iou = 0.5): AveragePrecision {
  const ranking = rank(images, iou);
  const truth = sum(ranking.truth);
  if (truth === 0) {
    throw new RangeError('There is nothing to be found: no image has truth that counts.');
  }
  let [found, counted] = [0, 0];
  const curve = ranking.counted.map(({ score, hit }) => {
    found += hit ? 1 : 0;
    return { score, recall: found / truth, precision: found / ++counted };
  });
  return { ap: rankingAp(ranking), recall: found / truth, curve };
}

/**
 * 95 % interval of the average precision by bootstrap over images.
 * @throws RangeError as `averagePrecision`, or when most resamples have no truth
 */
export function averagePrecisionInterval(images: readonly ScoredImage[], iou = 0.5, options?: BootstrapOptions): Interval {
  const ranking = rank(images, iou);
  return bootstrapInterval(images.length, times => rankingAp(ranking, times), options);
}

/** What the average precision of images, or of any resample of them, is made from. */
export interface Ranking {
  /** Per image how much truth counts. */
  truth: Uint32Array;
  /** The detections that count, by descending score. */
  counted: readonly { score: number; hit: boolean; image: number }[];
}

/** Match every image as `averagePrecision` says: images do not meddle with each other, so a resample needs no new matching. */
export function rank(images: readonly ScoredImage[], iou: number): Ranking {
  if (!(iou > 0 && iou <= 1)) {
    throw new RangeError(`The least overlap is above 0 and at most 1, not ${iou}.`);
  }
  return {
    truth: Uint32Array.from(images, ({ truth }) => truth.filter(box => !box.ignore).length),
    counted: images
      .flatMap((scored, image) => match(scored, iou).map(outcome => ({ ...outcome, image })))
      .sort((a, b) => b.score - a.score)
  };
}

/**
 * The average precision of a resample in which image i occurs `times[i]` times, or of all images once; NaN without truth.
 * The copies of a detection come one after another; the envelope over them is the precision after the last found copy.
 */
export function rankingAp({ truth, counted }: Ranking, times?: Uint32Array): number {
  const all = times ? truth.reduce((total, count, image) => total + count * times[image], 0) : sum(truth);
  if (all === 0) {
    return NaN;
  }
  let [found, after] = [0, 0];
  const precisions = counted.map(({ hit, image }) => {
    const copies = times ? times[image] : 1;
    after += copies;
    found += hit ? copies : 0;
    return after === 0 ? 0 : found / after;
  });
  let [area, best] = [0, 0];
  for (let i = counted.length - 1; i >= 0; i--) {
    best = Math.max(best, precisions[i]);
    if (counted[i].hit) {
      area += (times ? times[counted[i].image] : 1) * best;
    }
  }
  return area / all;
}

/** The detections of one image that count, by descending score, and which of them find a truth. */
function match({ detections, truth }: ScoredImage, iou: number): { score: number; hit: boolean }[] {
  [...detections, ...truth].forEach(check);
  const taken = truth.map(() => false);
  return [...detections]
    .sort((a, b) => b.score - a.score)
    .flatMap(detection => {
      const overlaps = truth.map(box => overlap(detection, box));
      const most = Math.max(...overlaps);
      const closest = overlaps.indexOf(most);
      if (most < iou) {
        return [{ score: detection.score, hit: false }];
      }
      if (truth[closest].ignore) {
        return [];
      }
      const hit = !taken[closest];
      taken[closest] = true;
      return [{ score: detection.score, hit }];
    });
}

/** Intersection over union, 0…1; 0 where neither box has an area. */
export function overlap(a: Box, b: Box): number {
  const wide = Math.max(0, Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1));
  const high = Math.max(0, Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1));
  const union = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - wide * high;
  return union > 0 ? (wide * high) / union : 0;
}

function check(box: Box & { score?: number }): void {
  const { x1, y1, x2, y2, score = 0 } = box;
  if (![x1, y1, x2, y2, score].every(Number.isFinite) || x2 < x1 || y2 < y1) {
    throw new RangeError(`${JSON.stringify(box)} is no box: x1 <= x2, y1 <= y2 and score must be finite numbers.`);
  }
}

function sum(values: Uint32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
