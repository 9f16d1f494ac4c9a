import { Random } from '../numerics/random';

export interface BootstrapOptions {
  /** Of the resampling; default 0. */
  seed?: number;
  /** Default 1000. */
  resamples?: number;
}

/** Both ends of a confidence interval. */
export type Interval = [low: number, high: number];

const COVERED = 0.95;
/** A resample on which the statistic is undefined is drawn again, up to so many times as many. */
const PATIENCE = 4;

/**
 * A 95 % interval by the percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 13.3):
 * the middle 95 % of the statistic over resamples of the `count` units, drawn with replacement. Two quantities of the
 * same units are compared by one statistic of both, so that they see the same resamples.
 * @param statistic of a resample in which unit i occurs `times[i]` times; NaN where it is undefined
 * @throws RangeError without units, or when it is undefined on most resamples
 */
export function bootstrapInterval(
  count: number,
  statistic: (times: Uint32Array) => number,
  { seed = 0, resamples = 1000 }: BootstrapOptions = {}
): Interval {
  if (count === 0) {
    throw new RangeError('There is nothing to resample.');
  }
  const random = new Random(seed);
  const times = new Uint32Array(count);
  const values: number[] = [];
  for (let drawn = 0; values.length < resamples; drawn++) {
    if (drawn === PATIENCE * resamples) {
      throw new RangeError(
        `The statistic is undefined on ${drawn - values.length} of ${drawn} resamples: too few units show it.`
      );
    }
    times.fill(0);
    for (let i = 0; i < count; i++) {
      times[random.integer(count)]++;
    }
    const value = statistic(times);
    if (!Number.isNaN(value)) {
      values.push(value);
    }
  }
  values.sort((a, b) => a - b);
  return [quantile(values, (1 - COVERED) / 2), quantile(values, (1 + COVERED) / 2)];
}

/** Of ascending values, linear between two of them. */
function quantile(values: readonly number[], share: number): number {
  const place = share * (values.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, values.length - 1);
  return values[below] + (place - below) * (values[above] - values[below]);
}
