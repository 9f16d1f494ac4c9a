import { type AuditCheck } from '../../protocol';
import { chiSquareChance, chiSquareDeviations, normalChance } from './chances';

/**
 * The chance that any check of a conformance run fails for a sound sender. Each check has an equal part of it, and each of
 * a check's comparisons an equal part of that (Bonferroni): it holds however comparisons hang together.
 */
export const FALSE_ALARM = 5e-5;

/** What of a comparison can be too unlikely: said only when it is. */
export type Where = () => string;

/** The comparisons of one check, of which the least likely counts. */
export class Evidence {
  private comparisons = 0;
  private least = 1;
  private where = '';
  /** Exact chances take time: only comparisons that lie about as far out as the furthest are given theirs. */
  private furthest = 0;

  /** @param z standard normal in a sound sender */
  normal(z: number, where: Where): void {
    this.weigh(Math.abs(z), () => normalChance(z), where);
  }

  /** @param x chi-square with k degrees of freedom in a sound sender, neither too small nor too large */
  chiSquare(x: number, k: number, where: Where): void {
    this.weigh(Math.abs(chiSquareDeviations(x, k)), () => chiSquareChance(x, k), where);
  }

  /** @param chance of what was seen, or an upper bound, in a sound sender */
  chance(chance: number, where: Where): void {
    this.comparisons++;
    // What is not a number is no sound sender's.
    if (!(chance >= this.least)) {
      this.least = chance >= 0 ? chance : 0;
      this.where = where();
    }
  }

  /** What a sound sender always does. */
  certain(held: boolean, where: Where): void {
    this.chance(held ? 1 : 0, where);
  }

  private weigh(deviations: number, chance: () => number, where: Where): void {
    if (deviations < this.furthest - 1) {
      this.comparisons++;
      return;
    }
    if (deviations > this.furthest) {
      this.furthest = deviations;
    }
    this.chance(chance(), where);
  }

  /** @param share of all checks' false alarms that is this one's */
  verdict(name: string, title: string, share: number): AuditCheck {
    const bound = share / Math.max(1, this.comparisons);
    const passed = this.comparisons > 0 && this.least >= bound;
    const many = this.comparisons.toLocaleString('en');
    const figures =
      this.comparisons === 0
        ? 'nothing was compared'
        : this.least === 0
          ? `${this.where}: never of a sound sender (${many} compared)`
          : `least likely of ${many} compared: ${this.least.toExponential(1)}, bound ${bound.toExponential(1)}${this.where && ` (${this.where})`}`;
    return { name, title, passed, detail: figures };
  }
}
