import { type Method } from './method';

/** Halvings of the range. */
const STEPS = 8;
/** So near the target is near enough. */
const TOLERANCE = 0.004;

export interface Found {
  strength: number;
  retained: number;
  /** The strongest setting there is keeps the target. */
  bounded: boolean;
}

/**
 * The strongest setting of a method that keeps at least `target`, by bisection.
 * @param retained what a setting keeps, with common random numbers, so that it hardly rises with strength
 * @returns null when even the weakest keeps less
 */
export async function strongestThatKeeps(
  target: number,
  { range: [weakest, strongest], linear }: Pick<Method, 'range' | 'linear'>,
  retained: (strength: number) => Promise<number>
): Promise<Found | null> {
  const middle = (low: number, high: number) => (linear ? (low + high) / 2 : Math.sqrt(low * high));
  const most = await retained(strongest);
  if (most >= target) {
    return { strength: strongest, retained: most, bounded: true };
  }
  const least = await retained(weakest);
  if (least < target) {
    return null;
  }
  let found: Found = { strength: weakest, retained: least, bounded: false };
  let high = strongest;
  for (let step = 0; step < STEPS && found.retained - target > TOLERANCE; step++) {
    const strength = middle(found.strength, high);
    const kept = await retained(strength);
    if (kept >= target) {
      found = { strength, retained: kept, bounded: false };
    } else {
      high = strength;
    }
  }
  return found;
}
