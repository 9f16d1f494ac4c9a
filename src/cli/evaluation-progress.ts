import { barOf, left, openDisplay, type ProgressDisplay } from './progress';

export interface EvaluationProgress {
  /** Records of the data set that are done, and of all. */
  done: number;
  total: number;
  /** Of those, in this run: how fast it goes. */
  here: number;
  seconds: number;
}

/** Least time between two lines where nobody watches, milliseconds. */
const LINES_MS = 2000;

/** A bar in one line of a terminal; elsewhere lines `progress DONE/TOTAL`, which programs read too. */
export function openEvaluationProgress(stream: NodeJS.WriteStream): ProgressDisplay<EvaluationProgress> {
  return openDisplay(stream, {
    bar: describeEvaluation,
    line: ({ done, total }) => `progress ${done}/${total}`,
    every: LINES_MS
  });
}

/** ` 42% ████████░░░░░░░░░░░░ 1200 of 2845 images, 31.0 a second · 53 s left` */
export function describeEvaluation({ done, total, here, seconds }: EvaluationProgress): string {
  const rate = seconds > 0 ? here / seconds : 0;
  const pace = rate > 0 ? `, ${rate.toFixed(1)} a second` : '';
  return `${barOf(total > 0 ? done / total : 1)} ${done} of ${total} images${pace}${left(rate > 0 ? (total - done) / rate : null)}`;
}
