import { type Detection } from '../protocol';
import { type ScoredImage } from './average-precision';
import { bootstrapInterval, type BootstrapOptions, type Interval } from './bootstrap';

/** Score from which a detection is drawn, and counts as the reference's answer. */
export const DRAWN = 0.5;

/** What two runs say about one image. */
export interface DetectionPair {
  /** The model as it is, without noise. */
  reference: readonly Detection[];
  /** The run that is judged, down to whatever score. */
  other: readonly Detection[];
}

/**
 * Agreement with a reference: average precision where the truth is what the reference draws, its detections with a score
 * of at least `drawn`. What the reference scores lower is not there: a run that is sure of it is wrong, one that ranks it
 * below what is drawn loses nothing. So a run agrees with itself by 1. Agreement needs no labels and says nothing about
 * whether the reference is right: it is not the average precision on a data set.
 * @returns images for `averagePrecision` and `averagePrecisionInterval`
 */
export function agreementImages(pairs: readonly DetectionPair[], drawn = DRAWN): ScoredImage[] {
  return pairs.map(({ reference, other }) => ({
    detections: other,
    truth: reference.filter(({ score }) => score >= drawn).map(({ x1, y1, x2, y2 }) => ({ x1, y1, x2, y2 }))
  }));
}

/** Scores per class that two runs give one image. */
export interface ScorePair {
  reference: ArrayLike<number>;
  other: ArrayLike<number>;
}

/**
 * Top-1 agreement of a classifier with a reference: the share of images whose class of the largest score (of equal ones
 * the first) is the same, 0…1.
 * @throws RangeError without images, for different numbers of classes, or for a score that is not a number
 */
export function topOneAgreement(pairs: readonly ScorePair[]): number {
  if (pairs.length === 0) {
    throw new RangeError('There are no images to agree on.');
  }
  return pairs.filter(agrees).length / pairs.length;
}

/** 95 % interval of `topOneAgreement` by bootstrap over images. */
export function topOneInterval(pairs: readonly ScorePair[], options?: BootstrapOptions): Interval {
  const agreed = pairs.map(agrees);
  return bootstrapInterval(
    pairs.length,
    times => agreed.reduce((sum, yes, i) => sum + (yes ? times[i] : 0), 0) / pairs.length,
    options
  );
}

function agrees({ reference, other }: ScorePair): boolean {
  if (reference.length !== other.length) {
    throw new RangeError(`Scores of ${reference.length} and of ${other.length} classes cannot be compared.`);
  }
  return topOne(reference) === topOne(other);
}

function topOne(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) {
      throw new RangeError(`The score of class ${i} is not a number.`);
    }
    best = scores[i] > scores[best] ? i : best;
  }
  return best;
}
