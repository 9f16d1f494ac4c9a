import type { TranslationBundle } from '@jupyterlab/translation';
import type { MeasuredStrength } from '../../protocol';

/**
 * What was measured at an ALPHA, in two short lines; between two ALPHAs that were learned it is interpolated linearly, as
 * the noise is, and called "about".
 * @param strengths of the artefact, ascending in alpha
 * @returns no line outside them
 */
export function strengthLines(strengths: readonly MeasuredStrength[], alpha: number, trans: TranslationBundle): string[] {
  const upper = strengths.findIndex(strength => strength.alpha >= alpha);
  if (upper < 0 || alpha < strengths[0].alpha) {
    return [];
  }
  const strong = strengths[upper];
  const weak = strengths[strong.alpha === alpha ? upper : upper - 1];
  const share = weak === strong ? 0 : (alpha - weak.alpha) / (strong.alpha - weak.alpha);
  const about = (value: string) => (share === 0 ? value : trans.__('about %1', value));
  const between = (of: (strength: MeasuredStrength) => number) => (1 - share) * of(weak) + share * of(strong);

  const measured = about(between(strength => strength.measured).toFixed(2));
  const certified = weak.certified !== null && strong.certified !== null && between(({ certified }) => certified ?? 0).toFixed(2);
  const agreement = (100 * between(strength => strength.agreement)).toFixed(0);
  const first = certified
    ? trans.__('Measured: ALPHA %1, certified %2 · %3% agreement', measured, certified, agreement)
    : trans.__('Measured: ALPHA %1 · %2% agreement', measured, agreement);

  const looks = Math.min(mostLooks(weak), mostLooks(strong));
  if (looks <= 1) {
    return [first];
  }
  const left = between(strength => strength.looks.find(entry => entry.looks === looks)?.alpha ?? NaN);
  return Number.isNaN(left) ? [first] : [first, trans.__('After %1 looks at one source: %2', looks, about(left.toFixed(2)))];
}

function mostLooks({ looks }: MeasuredStrength): number {
  return Math.max(1, ...looks.map(entry => entry.looks));
}
