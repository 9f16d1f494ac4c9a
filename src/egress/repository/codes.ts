import { noiseFieldAt, type Obfuscation } from '../../models';
import { channelDeviations } from '../../pipeline/field-noise';
import { VeilError } from '../../protocol';

const LARGEST = 2 ** 15 - 1;
/** Noise beyond so many deviations does not occur: the chance is 1e-15 a value. */
const FURTHEST_DEVIATIONS = 8;

/** The largest code |z| / step that a noisy activation of this strength holds. */
export function largestCode(obfuscation: Obfuscation, alpha: number): number {
  const field = noiseFieldAt(obfuscation, alpha);
  const reach = channelDeviations(field).map(
    (deviation, c) => Math.max(Math.abs(field.low[c]), Math.abs(field.high[c])) + FURTHEST_DEVIATIONS * deviation
  );
  return Math.ceil(reach.reduce((most, value) => Math.max(most, value)) / field.step);
}

/** @throws VeilError `bad_alpha` when noisy activations of this strength do not fit int16 */
export function requireCodes(obfuscation: Obfuscation, alpha: number): void {
  const largest = largestCode(obfuscation, alpha);
  if (largest > LARGEST) {
    throw new VeilError(
      'bad_alpha',
      `At ALPHA ${alpha} the grid of step ${obfuscation.step} needs codes up to ${largest}, int16 ends at ${LARGEST}. Nothing was written.`,
      'Leave that ALPHA out of --alphas, or leave --int16 out.'
    );
  }
}
