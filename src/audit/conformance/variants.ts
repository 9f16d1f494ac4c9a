import { type Obfuscation } from '../../models';
import { type Subject } from './check';

/**
 * The k-th of any number of distinct activations: the samples, then the samples with one value some steps of the grid on,
 * which nobody would see, and which must have noise of its own.
 */
export function variant(obfuscation: Obfuscation, samples: Subject['samples'], k: number): Float32Array {
  const { activation } = samples[k % samples.length];
  const round = Math.floor(k / samples.length);
  return round === 0 ? activation.slice() : nudged(obfuscation, activation, (7919 * round) % activation.length, round);
}

/** With the value at this place so many steps on: back where on would leave the range that is clamped to. */
export function nudged(
  { statistics, step, document }: Obfuscation,
  activation: Float32Array,
  place: number,
  steps: number
): Float32Array {
  const [, height, width] = document.activation_shape;
  const channel = Math.floor(place / (height * width));
  const [low, high] = [statistics.activation_low[channel], statistics.activation_high[channel]];
  const moved = activation.slice();
  const inside = Math.min(Math.max(activation[place], low), high);
  const way = inside + (steps + 1) * step < high ? steps : -steps;
  moved[place] = step * (Math.round(inside / step) + way);
  return moved;
}
