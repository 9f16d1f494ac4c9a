import { LEARN_STAGES, VeilError, type LearnProgress, type LearnStage } from '../protocol';

/** Seconds each stage takes on a machine of two cores: only their proportions matter. */
export type Plan = Record<LearnStage, number>;

/** Tells how far a learning pass is and how long it still takes, and ends it when it is asked to. */
export class Pace {
  private readonly begun = performance.now();
  private readonly total: number;
  private readonly spent = new Map<LearnStage, number>();
  private stage: LearnStage = LEARN_STAGES[0];
  private stageBegan = performance.now();
  private knot: number | null = null;
  private step = 0;
  private steps = 1;

  constructor(
    private readonly plan: Plan,
    private readonly tell: (progress: LearnProgress) => void,
    private readonly signal: AbortSignal
  ) {
    this.total = LEARN_STAGES.reduce((sum, stage) => sum + plan[stage], 0);
  }

  /** Begin a stage of so many steps. */
  enter(stage: LearnStage, steps: number): void {
    this.close();
    this.stage = stage;
    this.steps = Math.max(steps, 1);
    this.step = 0;
    this.knot = null;
    this.report();
  }

  /** The ALPHA that is worked at now. */
  at(knot: number | null): void {
    this.knot = knot;
    this.report();
  }

  /** Steps of the stage are done: one, if not said. @throws VeilError `cancelled` */
  tick(steps = 1): void {
    this.step += steps;
    this.report();
  }

  /** Seconds by stage, in order. */
  finish(): { stage: LearnStage; seconds: number }[] {
    this.close();
    return LEARN_STAGES.filter(stage => this.spent.has(stage)).map(stage => ({ stage, seconds: this.spent.get(stage)! }));
  }

  private close(): void {
    const now = performance.now();
    this.spent.set(this.stage, (this.spent.get(this.stage) ?? 0) + (now - this.stageBegan) / 1000);
    this.stageBegan = now;
  }

  private report(): void {
    if (this.signal.aborted) {
      throw new VeilError(
        'cancelled',
        'Learning was stopped; what it has is kept.',
        'The same command goes on where it stopped.'
      );
    }
    const at = LEARN_STAGES.indexOf(this.stage);
    const before = LEARN_STAGES.slice(0, at).reduce((sum, stage) => sum + this.plan[stage], 0);
    const done = (before + this.plan[this.stage] * Math.min(this.step / this.steps, 1)) / this.total;
    const seconds = (performance.now() - this.begun) / 1000;
    const seconds_left = done > 0.02 ? Math.round((seconds / done) * (1 - done)) : null;
    this.tell({ stage: this.stage, knot: this.knot, done, seconds_left });
  }
}
