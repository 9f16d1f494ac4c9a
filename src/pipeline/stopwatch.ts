import type { Timings } from '../protocol';

/** Times the stages of one run and stops between them when the caller has gone. */
export class Stopwatch {
  private readonly started = performance.now();
  private readonly stages: Omit<Timings, 'total'> = {};

  /** @param checkpoint throws to stop the run */
  constructor(private readonly checkpoint: () => void) {}

  async time<T>(stage: keyof Omit<Timings, 'total'>, work: () => T | Promise<T>): Promise<T> {
    this.checkpoint();
    const before = performance.now();
    const value = await work();
    this.stages[stage] = (this.stages[stage] ?? 0) + performance.now() - before;
    return value;
  }

  /** Milliseconds of each stage so far and of everything since the start. */
  timings(): Timings {
    return { ...this.stages, total: performance.now() - this.started };
  }
}
