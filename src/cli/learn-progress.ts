import type { LearnProgress, LearnStage } from '../protocol';

const REDRAW_MS = 200;
const CELLS = 20;

const STAGES: Record<LearnStage, string> = {
  activations: 'activations of the photographs',
  spectra: 'their spectra',
  sensitivity: 'what the tail is sensitive to',
  shape: 'shape of the noise',
  refine: 'refining the noise',
  decoder: 'training an attacker',
  calibrate: 'calibrating ALPHA',
  server: "the server's side",
  measure: 'measuring'
};

export interface ProgressDisplay {
  show(progress: LearnProgress): void;
  /** Take the bar away; a second call changes nothing. */
  close(): void;
}

/** A bar in one line of a terminal; elsewhere a line for each stage. */
export function openProgress(stream: NodeJS.WriteStream): ProgressDisplay {
  return stream.isTTY ? new Bar(stream) : new Lines(stream);
}

class Bar implements ProgressDisplay {
  private drawn = -Infinity;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(progress: LearnProgress): void {
    const now = performance.now();
    if (now - this.drawn >= REDRAW_MS) {
      this.drawn = now;
      // A line that wraps could not be drawn over.
      const line = describeBar(progress).slice(0, (this.stream.columns || 80) - 1);
      this.stream.write(`\r${line}\x1b[K`);
    }
  }

  close(): void {
    if (this.drawn > -Infinity) {
      this.drawn = -Infinity;
      this.stream.write('\r\x1b[K');
    }
  }
}

class Lines implements ProgressDisplay {
  private stage: LearnStage | null = null;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(progress: LearnProgress): void {
    if (progress.stage !== this.stage) {
      this.stage = progress.stage;
      this.stream.write(`veilbook: ${percent(progress)} ${STAGES[progress.stage]}\n`);
    }
  }

  close(): void {}
}

/** ` 42% ████████░░░░░░░░░░░░ refining the noise, ALPHA 0.4 · 3 min left` */
export function describeBar(progress: LearnProgress): string {
  const { stage, knot, done, seconds_left: left } = progress;
  const full = Math.round(CELLS * Math.min(1, Math.max(0, done)));
  const bar = '█'.repeat(full) + '░'.repeat(CELLS - full);
  const at = knot === null ? '' : `, ALPHA ${knot}`;
  return `${percent(progress)} ${bar} ${STAGES[stage]}${at}${left === null ? '' : ` · ${duration(left)} left`}`;
}

function percent({ done }: LearnProgress): string {
  return `${String(Math.floor(100 * Math.min(1, done))).padStart(3)}%`;
}

/** Seconds for a person: "40 s", "4 min", "1 h 20 min". */
export function duration(seconds: number): string {
  if (seconds < 90) {
    return `${Math.round(seconds)} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
