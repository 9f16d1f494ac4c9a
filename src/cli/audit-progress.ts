import type { AuditProgress } from '../protocol';
import { barOf, left, openDisplay, percentOf, type ProgressDisplay } from './progress';

const STAGES: Record<string, string> = {
  prepare: 'activations of the photographs',
  clean: 'attacks on clean activations',
  conformance: 'what leaves against what is declared',
  ceiling: 'attacks against the best possible'
};

/** A bar in one line of a terminal; elsewhere a line for each stage and ALPHA. */
export function openAuditProgress(stream: NodeJS.WriteStream): ProgressDisplay<AuditProgress> {
  return openDisplay(stream, {
    bar: describeProgress,
    line: progress => `${percentOf(progress.done)} ${stageOf(progress)}`,
    step: stageOf
  });
}

/** ` 42% ████████░░░░░░░░░░░░ attack A2, ALPHA 0.4 · 3 min left` */
export function describeProgress(progress: AuditProgress): string {
  return `${barOf(progress.done)} ${stageOf(progress)}${left(progress.seconds_left)}`;
}

function stageOf({ stage, alpha }: AuditProgress): string {
  return `${STAGES[stage] ?? `attack ${stage}`}${alpha === null ? '' : `, ALPHA ${alpha}`}`;
}
