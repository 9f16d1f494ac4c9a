import { alphaAfterLooks, type DetectorModel } from '../models';
import { type EvaluatedStrength, type MeasuredLeakage, type SweepLooks } from '../protocol';

/**
 * What the strongest attacker that the artefact was calibrated to recovered at this strength, as a share of the variance of
 * held-out images.
 * @param alpha null for clean activations
 * @returns null between knots, where nothing was measured, and for an artefact whose ALPHA is no measure
 */
export function leakageAt({ obfuscation }: DetectorModel, alpha: number | null): number | null {
  const document = obfuscation?.document;
  if (document?.mode !== 'calibrated') {
    return null;
  }
  const measured = alpha === null ? document.clean : document.knots.find(knot => knot.alpha === alpha)?.leakage;
  return measured ? strongest(measured) : null;
}

function strongest({ linear, decoder }: MeasuredLeakage): number {
  return Math.max(linear.r2, decoder.r2);
}

/** What is left against somebody who sees an image at all these strengths: no more than so many looks at the weakest leave. */
export function looksOf({ obfuscation }: DetectorModel, strengths: readonly EvaluatedStrength[]): SweepLooks {
  const alphas = strengths.flatMap(({ alpha }) => (alpha === null ? [] : [alpha]));
  const weakest = Math.min(...alphas);
  return { count: alphas.length, weakest, alpha: alphaAfterLooks(obfuscation!, weakest, alphas.length) };
}
