import { type Detection } from '../protocol';
import { type Ellipse } from './datasets';
import { ellipseOverlap } from './fddb-roc-overlap';
import { GrowingMatching } from './fddb-roc-matching';

/** A match counts for the discrete score from above this overlap on. */
const MATCH = 0.5;

/** One photograph: what a detector says, down to whatever score, and the ellipses that people drew. */
export interface EllipseImage {
  detections: readonly Detection[];
  ellipses: readonly Ellipse[];
  /** The photograph's sides, pixels: what lies outside does not count. Without them nothing is cut off. */
  width?: number;
  height?: number;
}

/** What changes when the threshold falls to a score. Counts can fall: a detection more may match the others anew. */
export interface RocEvent {
  score: number;
  truePositives: number;
  /** Sum of the overlaps of all matches. */
  overlap: number;
  falsePositives: number;
}

/** All detections with at least this score. */
export interface RocPoint extends RocEvent {
  /** True positives / truth. */
  discrete: number;
  /** Sum of overlaps / truth. */
  continuous: number;
}

/**
 * FDDB's evaluation of one photograph (Jain and Learned-Miller, FDDB, UM-CS-2010-009, section 4): at every threshold the
 * detections with at least that score are matched with the ellipses one to one, so that the sum of overlaps (intersection
 * over union) is largest. A match with an overlap above one half is a true positive; all other detections are false
 * positives. The changes of photographs add up to those of a data set, in any order of photographs.
 * @returns by descending score, one for each score that occurs
 * @throws RangeError for a detection whose numbers are not finite or whose sides are swapped
 */
export function rocEvents({ detections, ellipses, width, height }: EllipseImage): RocEvent[] {
  detections.forEach(check);
  const frame = width !== undefined && height !== undefined ? { width, height } : undefined;
  const matching = new GrowingMatching(ellipses.length);
  const sorted = [...detections].sort((a, b) => b.score - a.score);
  const events: RocEvent[] = [];
  let last = { truePositives: 0, overlap: 0, falsePositives: 0 };
  sorted.forEach((detection, i) => {
    matching.add(Float64Array.from(ellipses, ellipse => ellipseOverlap(ellipse, detection, frame)));
    if (sorted[i + 1]?.score === detection.score) {
      return;
    }
    const matches = matching.weights;
    const truePositives = matches.filter(match => match > MATCH).length;
    const now = { truePositives, overlap: matches.reduce((sum, match) => sum + match, 0), falsePositives: i + 1 - truePositives };
    events.push({
      score: detection.score,
      truePositives: now.truePositives - last.truePositives,
      overlap: now.overlap - last.overlap,
      falsePositives: now.falsePositives - last.falsePositives
    });
    last = now;
  });
  return events;
}

/**
 * The discrete and the continuous curve of a data set.
 * @param events of all its photographs, in any order; equal scores are added up in the order given
 * @param truth number of ellipses in all photographs, those without detections among them
 * @returns by descending score
 * @throws RangeError without truth
 */
export function rocCurve(events: readonly RocEvent[], truth: number): RocPoint[] {
  const points: RocPoint[] = [];
  const totals = new RocTotals(truth, point => points.push(point));
  [...events].sort((a, b) => b.score - a.score).forEach(event => totals.add(event));
  totals.end();
  return points;
}

/** The same, of events that come by descending score, each point as soon as no more of its score can come. */
export class RocTotals {
  private last: RocEvent | undefined;

  /** @throws RangeError without truth */
  constructor(
    private readonly truth: number,
    private readonly point: (point: RocPoint) => void
  ) {
    if (!(truth > 0)) {
      throw new RangeError('There is nothing to be found: no photograph has an ellipse.');
    }
  }

  /** @throws RangeError for a score above the last one */
  add(event: RocEvent): void {
    const last = this.last ?? { score: Infinity, truePositives: 0, overlap: 0, falsePositives: 0 };
    if (!(event.score <= last.score)) {
      throw new RangeError(`A score of ${event.score} comes after one of ${last.score}.`);
    }
    if (event.score < last.score) {
      this.end();
    }
    this.last = {
      score: event.score,
      truePositives: last.truePositives + event.truePositives,
      overlap: last.overlap + event.overlap,
      falsePositives: last.falsePositives + event.falsePositives
    };
  }

  /** Tell the last point. */
  end(): void {
    if (this.last) {
      const { truePositives, overlap } = this.last;
      this.point({ ...this.last, discrete: truePositives / this.truth, continuous: overlap / this.truth });
    }
  }
}

/** What a curve is usually read at. */
export const FALSE_POSITIVES = [100, 500, 1000, 2000] as const;

export interface RocScore {
  falsePositives: number;
  discrete: number;
  continuous: number;
}

/** The scores at numbers of false positives: those of the lowest threshold that has no more of them; 0 where none has. */
export class RocScores {
  private readonly scores: RocScore[];

  constructor(at: readonly number[] = FALSE_POSITIVES) {
    this.scores = at.map(falsePositives => ({ falsePositives, discrete: 0, continuous: 0 }));
  }

  /** @param point of the curve, by descending score */
  add({ falsePositives, discrete, continuous }: RocPoint): void {
    for (const score of this.scores) {
      if (falsePositives <= score.falsePositives) {
        Object.assign(score, { discrete, continuous });
      }
    }
  }

  result(): RocScore[] {
    return this.scores.map(score => ({ ...score }));
  }
}

function check({ x1, y1, x2, y2, score }: Detection): void {
  if (![x1, y1, x2, y2, score].every(Number.isFinite) || x2 < x1 || y2 < y1) {
    throw new RangeError(`${JSON.stringify({ x1, y1, x2, y2, score })} is no detection.`);
  }
}
