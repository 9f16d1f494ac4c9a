import { type DetectorModel } from '../models';

/**
 * What the strongest attacker that the artefact was calibrated to recovered at this strength, as a share of the variance of
 * held-out images.
 * @returns null between knots, where nothing was measured, and for an artefact whose ALPHA is no measure
 */
export function leakageAt({ obfuscation }: DetectorModel, alpha: number): number | null {
  const knot =
    obfuscation?.document.mode === 'calibrated' ? obfuscation.document.knots.find(known => known.alpha === alpha) : null;
  return knot ? Math.max(knot.leakage.linear.r2, knot.leakage.decoder.r2) : null;
}
