import { leakage, noNoise } from '../leakage';
import { type Matrix } from '../../numerics/symmetric';
import { type Spectra } from '../spectra';

/** The share that is asked for is met to so much. */
const TOLERANCE = 1e-6;
const STRIDE = 2;
/** Strides to either side of the start. */
const REACH = 20;
const MOST_STEPS = 60;

/**
 * Noise at which the full-field linear attacker loses the share `alpha` of what it recovers from clean activations, by
 * bisection over one parameter.
 * @param at noise that does not shrink with its parameter
 * @param start of the search
 * @throws RangeError when no parameter within reach meets it
 */
export function meetLeakage(spectra: Spectra, alpha: number, at: (parameter: number) => Matrix[], start: number): Matrix[] {
  const clean = leakage(spectra, noNoise(spectra));
  const excess = (S: Matrix[]) => leakage(spectra, S) / clean - (1 - alpha);
  const meets = (S: Matrix[]) => Math.abs(excess(S)) <= TOLERANCE;
  let [low, high] = [start, start];
  for (let stride = 0; stride < REACH && excess(at(low)) < 0; stride++) {
    [low, high] = [low - STRIDE, low];
  }
  for (let stride = 0; stride < REACH && excess(at(high)) > 0; stride++) {
    [low, high] = [high, high + STRIDE];
  }
  let S = at((low + high) / 2);
  for (let step = 0; step < MOST_STEPS && !meets(S); step++) {
    const middle = (low + high) / 2;
    [low, high] = excess(S) > 0 ? [middle, high] : [low, middle];
    S = at((low + high) / 2);
  }
  if (!meets(S)) {
    throw new RangeError(`No noise of this family makes ALPHA ${alpha}.`);
  }
  return S;
}
