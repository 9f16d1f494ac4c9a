import { type ArtefactRef, type MeasuredLeakage } from '../protocol';
import { type Obfuscation } from './obfuscation';
import { between } from './strength';

/** What ALPHA means here, in one sentence; with a value inside the knots, what that value means. */
export function meaningOfAlpha(obfuscation: Obfuscation, alpha?: number): string {
  const { document } = obfuscation;
  if (alpha !== undefined) {
    return meaningOf(obfuscation, alpha);
  }
  const { knots, mode, looks } = document;
  const range = `${knots[0].alpha} … ${knots[knots.length - 1].alpha}`;
  const seen = looks === 1 ? 'one look at a picture' : `${looks} looks at a picture`;
  return mode === 'calibrated'
    ? `ALPHA (${range}) is the share of what the strongest attacker it was calibrated to recovers from clean activations that the noise` +
        ` takes away, for ${seen}; measured, not a guarantee.`
    : `ALPHA (${range}) is the weight of the noise in the loss it was learned with; what it takes from an attacker was` +
        ` measured for each, for ${seen}, and is not a guarantee.`;
}

/** What results say about the obfuscation that made them, at their ALPHA. */
export function artefactRef(obfuscation: Obfuscation, alpha?: number): ArtefactRef {
  const { kind, mode } = obfuscation.document;
  return { sha256: obfuscation.sha256, kind, calibrated: mode === 'calibrated', meaning: meaningOfAlpha(obfuscation, alpha) };
}

/** The share of the variance of held-out images that the strongest attacker it was calibrated to recovers. */
export function strongest({ linear, decoder }: MeasuredLeakage): number {
  return Math.max(linear.r2, decoder.r2);
}

function meaningOf(obfuscation: Obfuscation, alpha: number): string {
  const { knots, clean, mode } = obfuscation.document;
  const { lower, upper, share } = between(obfuscation, alpha);
  const mixed = (of: (knot: (typeof knots)[number]) => number) => (1 - share) * of(knots[lower]) + share * of(knots[upper]);
  const recovered = percent(mixed(({ leakage }) => strongest(leakage)));
  const about = share === 0 ? '' : 'about ';
  const met = mode === 'calibrated' ? 'calibrated to' : 'measured with';
  const attacker =
    `the strongest attacker it was ${met} recovers ${about}${recovered} of image variance (clean: ${percent(strongest(clean))});` +
    ' measured, not a guarantee.';
  if (mode === 'calibrated') {
    return `ALPHA ${alpha}: ${attacker}${certifiedAt(obfuscation, alpha)}`;
  }
  const measured = mixed(knot => knot.measured_alpha).toFixed(2);
  return (
    `ALPHA ${alpha} is the weight ${mixed(knot => knot.weight ?? knot.alpha).toFixed(2)} of the noise in the loss,` +
    ` measured ${about}ALPHA ${measured}: ${attacker}${certifiedAt(obfuscation, alpha)}`
  );
}

/** What a full audit found of it: a sentence of its own, or nothing. */
function certifiedAt(obfuscation: Obfuscation, alpha: number): string {
  const { certificate } = obfuscation;
  if (!certificate) {
    return '';
  }
  const { lower, upper, share } = between(obfuscation, alpha);
  const [weak, strong] = [certificate.knots[lower], certificate.knots[upper]];
  const certified = (1 - share) * weak.certified + share * strong.certified;
  const attack = (share < 0.5 ? weak : strong).attack;
  return ` An audit of ${certificate.created.slice(0, 10)} certified ${share === 0 ? '' : 'about '}${certified.toFixed(2)}, by attack ${attack}.`;
}

function percent(share: number): string {
  return `${Math.max(0, 100 * share).toFixed(0)}%`;
}
