import type { LearnProgress, LearnStage } from '../protocol';
import { barOf, left, openDisplay, percentOf, type ProgressDisplay } from './progress';

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

/** A bar in one line of a terminal; elsewhere a line for each stage. */
export function openProgress(stream: NodeJS.WriteStream): ProgressDisplay<LearnProgress> {
  return openDisplay(stream, {
    bar: describeBar,
    line: progress => `${percentOf(progress.done)} ${STAGES[progress.stage]}`,
    step: ({ stage }) => stage
  });
}

/** ` 42% ████████░░░░░░░░░░░░ refining the noise, ALPHA 0.4 · 3 min left` */
export function describeBar({ stage, knot, done, seconds_left }: LearnProgress): string {
  return `${barOf(done)} ${STAGES[stage]}${knot === null ? '' : `, ALPHA ${knot}`}${left(seconds_left)}`;
}
