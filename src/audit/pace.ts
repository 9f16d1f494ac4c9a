import { VeilError, type AuditProgress } from '../protocol';

/** Tells how far an audit is and how long it still takes, and ends it when it is asked to. */
export class Pace {
  private readonly begun = performance.now();
  private before = 0;
  /** Work that was found finished: it took no time. */
  private found = 0;
  private share = 0;
  private part: { stage: string; alpha: number | null; cost: number } = { stage: 'prepare', alpha: null, cost: 0 };

  constructor(
    private readonly total: number,
    private readonly tell: (progress: AuditProgress) => void,
    private readonly signal: AbortSignal
  ) {}

  /** Begin a part of this cost; the one before is done. @throws VeilError `cancelled` */
  enter(stage: string, alpha: number | null, cost: number): void {
    this.before += this.part.cost;
    this.part = { stage, alpha, cost };
    this.share = 0;
    this.at(0);
  }

  /** The part was finished before. */
  skip(): void {
    this.found += this.part.cost;
  }

  /** @param share of the part that is done, 0…1. @throws VeilError `cancelled` */
  at(share: number): void {
    if (this.signal.aborted) {
      throw stopped();
    }
    // An attack that is asked again for the next number of looks does not go back.
    this.share = Math.max(this.share, Math.min(share, 1));
    const worked = this.before + this.part.cost * this.share;
    const seconds = (performance.now() - this.begun) / 1000;
    const timed = worked - this.found;
    const left = timed > 0.02 * this.total ? Math.round((seconds / timed) * (this.total - worked)) : null;
    this.tell({ stage: this.part.stage, alpha: this.part.alpha, done: worked / this.total, seconds_left: left });
  }
}

export function stopped(): VeilError {
  return new VeilError(
    'cancelled',
    'The audit was stopped; what it has finished is kept.',
    'The same command goes on where it stopped.'
  );
}
