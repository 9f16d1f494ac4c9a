import type { AuditProgress } from '../protocol';
import { duration } from './learn-progress';

const REDRAW_MS = 200;
const CELLS = 20;

const STAGES: Record<string, string> = {
  prepare: 'activations of the photographs',
  clean: 'attacks on clean activations',
  conformance: 'what leaves against what is declared',
  ceiling: 'attacks against the best possible'
};

export interface AuditDisplay {
  show(progress: AuditProgress): void;
  /** Take the bar away; a second call changes nothing. */
  close(): void;
}

/** A bar in one line of a terminal; elsewhere a line for each stage and ALPHA. */
export function openAuditProgress(stream: NodeJS.WriteStream): AuditDisplay {
  let drawn = -Infinity;
  let told = '';
  return stream.isTTY
    ? {
        show: progress => {
          if (performance.now() - drawn >= REDRAW_MS) {
            drawn = performance.now();
            // A line that wraps could not be drawn over.
            stream.write(`\r${describeProgress(progress).slice(0, (stream.columns || 80) - 1)}\x1b[K`);
          }
        },
        close: () => {
          if (drawn > -Infinity) {
            drawn = -Infinity;
            stream.write('\r\x1b[K');
          }
        }
      }
    : {
        show: progress => {
          const line = stageOf(progress);
          if (line !== told) {
            told = line;
            stream.write(`veilbook: ${percent(progress)} ${line}\n`);
          }
        },
        close: () => undefined
      };
}

/** ` 42% ████████░░░░░░░░░░░░ attack A2, ALPHA 0.4 · 3 min left` */
export function describeProgress(progress: AuditProgress): string {
  const full = Math.round(CELLS * Math.min(1, Math.max(0, progress.done)));
  const left = progress.seconds_left === null ? '' : ` · ${duration(progress.seconds_left)} left`;
  return `${percent(progress)} ${'█'.repeat(full)}${'░'.repeat(CELLS - full)} ${stageOf(progress)}${left}`;
}

function stageOf({ stage, alpha }: AuditProgress): string {
  return `${STAGES[stage] ?? `attack ${stage}`}${alpha === null ? '' : `, ALPHA ${alpha}`}`;
}

function percent({ done }: AuditProgress): string {
  return `${String(Math.floor(100 * Math.min(1, done))).padStart(3)}%`;
}
