import { type AttackInput, type AttackResult, type AuditReport, type AuditedAlpha } from '../../protocol';

/** 0.1734 as "17.3%". */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)}%`;
}

/** "15.0 to 19.6%" */
export function interval([low, high]: readonly [number, number]): string {
  return `${(100 * low).toFixed(1)} to ${percent(high)}`;
}

/** Seconds for a person: "40 s", "4 min", "1 h 20 min". */
export function duration(seconds: number): string {
  if (seconds < 90) {
    return `${Math.round(seconds)} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const INPUTS: Record<AttackInput, string> = {
  raw: 'the tensor as it left',
  whitened: 'whitened by the noise’s spectrum',
  denoised: 'through the server’s filter'
};

/** The strongest attack for one look on clean activations; null where none was run. */
export function strongestClean({ clean }: AuditReport): AttackResult | null {
  return strongestOf(clean.filter(pictured));
}

/** Those that recover a picture: re-identification and checks have no R2 that means anything. */
export function pictured({ looks, metrics }: AttackResult): boolean {
  return looks === 1 && metrics !== null;
}

export function strongestOf(results: readonly AttackResult[]): AttackResult | null {
  return results.reduce<AttackResult | null>((best, result) => (best === null || result.r2 > best.r2 ? result : best), null);
}

/** "At ALPHA 0.8 our strongest tested attack recovers 17.3% of image variance (clean: 81.0%)." */
export function claimOf(audited: AuditedAlpha, report: AuditReport): string {
  const clean = strongestClean(report);
  const whole = clean === null ? '' : ` (clean: ${percent(clean.r2)})`;
  return `At ALPHA ${audited.alpha} our strongest tested attack recovers ${percent(audited.strongest.r2)} of image variance${whole}.`;
}
