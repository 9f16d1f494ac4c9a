import { type Detection } from '../protocol';
import { averagePrecision, averagePrecisionInterval, type ScoredImage } from './average-precision';
import { bootstrapInterval, type BootstrapOptions, type Interval } from './bootstrap';

/** Score from which a detection is drawn, and counts as the reference's answer. */
export const DRAWN = 0.5;

/** What two runs say about one image. */
export interface DetectionPair {
  /** The model as it is, without noise. */
  reference: readonly Detection[];
  /** The run that is judged, down to whatever score. */
  detections: readonly Detection[];
}

/**
 * Agreement with a reference: average precision (at an overlap of one half) where the truth is what the reference draws,
 * its detections with a score of at least `drawn`. What the reference scores lower is not there: a run that is sure of it
 * is wrong, one that ranks it below what is drawn loses nothing. So a run agrees with itself by 1. Agreement needs no
 * labels and says nothing about whether the reference is right: it is not the average precision on a data set.
 * @throws RangeError when the reference draws nothing on any image
 */
export function agreement(pairs: readonly DetectionPair[], drawn = DRAWN): number {
  return averagePrecision(againstDrawn(pairs, drawn)).ap;
}

/** 95 % interval of `agreement` by bootstrap over images. */
export function agreementInterval(pairs: readonly DetectionPair[], drawn = DRAWN, options?: BootstrapOptions): Interval {
  return averagePrecisionInterval(againstDrawn(pairs, drawn), undefined, options);
}

function againstDrawn(pairs: readonly DetectionPair[], drawn: number): ScoredImage[] {
  return pairs.map(({ reference, detections }) => ({ detections, truth: reference.filter(({ score }) => score >= drawn) }));
}

/** Scores per class that two runs give one image. */
export interface ScorePair {
  reference: ArrayLike<number>;
  scores: ArrayLike<number>;
}

/**
 * Top-1 agreement of a classifier with a reference: the share of images whose class of the largest score (of equal ones
 * the first) is the same, 0…1.
 * @throws RangeError without images, for different numbers of classes, or for a score that is not a number
 */
export function topAgreement(pairs: readonly ScorePair[]): number {
  if (pairs.length === 0) {
    throw new RangeError('There are no images to agree on.');
  }
  return pairs.filter(agrees).length / pairs.length;
}

/** 95 % interval of `topAgreement` by bootstrap over images. */
export function topAgreementInterval(pairs: readonly ScorePair[], options?: BootstrapOptions): Interval {
  const agreed = pairs.map(agrees);
  return bootstrapInterval(
    pairs.length,
    times => agreed.reduce((sum, yes, i) => sum + (yes ? times[i] : 0), 0) / pairs.length,
    options
  );
}

function agrees({ reference, scores }: ScorePair): boolean {
  if (reference.length !== scores.length) {
    throw new RangeError(`Scores of ${reference.length} and of ${scores.length} classes cannot be compared.`);
  }
  return largest(reference) === largest(scores);
}

/** Where the largest score is. */
function largest(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) {
      throw new RangeError(`The score of class ${i} is not a number.`);
    }
    best = scores[i] > scores[best] ? i : best;
  }
  return best;
}
