const REDRAW_MS = 200;
const CELLS = 20;

export interface ProgressDisplay<Progress> {
  show(progress: Progress): void;
  /** Take the bar away, or write the line that was held back; a second call changes nothing. */
  close(): void;
}

/** How a command tells its progress. */
export interface ProgressWords<Progress> {
  /** The line of a terminal, drawn over and over. */
  bar(progress: Progress): string;
  /** The line for whatever is no terminal. */
  line(progress: Progress): string;
  /** A new line is due when this changes; default: the line itself. */
  step?(progress: Progress): string;
  /** Least time between two lines, milliseconds. */
  every?: number;
}

/** A bar in one line of a terminal; elsewhere plain lines. */
export function openDisplay<Progress>(stream: NodeJS.WriteStream, words: ProgressWords<Progress>): ProgressDisplay<Progress> {
  return stream.isTTY ? barOn(stream, words) : linesOn(stream, words);
}

function barOn<Progress>(stream: NodeJS.WriteStream, { bar }: ProgressWords<Progress>): ProgressDisplay<Progress> {
  let drawn = -Infinity;
  return {
    show(progress) {
      const now = performance.now();
      if (now - drawn >= REDRAW_MS) {
        drawn = now;
        // A line that wraps could not be drawn over.
        stream.write(`\r${bar(progress).slice(0, (stream.columns || 80) - 1)}\x1b[K`);
      }
    },
    close() {
      if (drawn > -Infinity) {
        drawn = -Infinity;
        stream.write('\r\x1b[K');
      }
    }
  };
}

function linesOn<Progress>(
  stream: NodeJS.WriteStream,
  { line, step = line, every = 0 }: ProgressWords<Progress>
): ProgressDisplay<Progress> {
  let [told, last] = ['', ''];
  let due: string | null = null;
  let written = -Infinity;
  const write = (text: string) => {
    [told, written, due] = [last, performance.now(), null];
    stream.write(`veilbook: ${text}\n`);
  };
  return {
    show(progress) {
      last = step(progress);
      due = last === told ? null : line(progress);
      if (due !== null && performance.now() - written >= every) {
        write(due);
      }
    },
    close() {
      if (due !== null) {
        write(due);
      }
    }
  };
}

/** ` 42% ████████░░░░░░░░░░░░` @param done share of the whole, 0…1 */
export function barOf(done: number): string {
  const full = Math.round(CELLS * Math.min(1, Math.max(0, done)));
  return `${percentOf(done)} ${'█'.repeat(full)}${'░'.repeat(CELLS - full)}`;
}

export function percentOf(done: number): string {
  return `${String(Math.floor(100 * Math.min(1, done))).padStart(3)}%`;
}

/** ` · 3 min left`; nothing where it is not known. */
export function left(seconds: number | null): string {
  return seconds === null ? '' : ` · ${duration(seconds)} left`;
}

/** Seconds for a person: "40 s", "4 min", "1 h 20 min". */
export function duration(seconds: number): string {
  if (seconds < 90) {
    return `${Math.round(seconds)} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
