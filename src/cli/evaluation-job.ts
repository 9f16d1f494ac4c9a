import { type Shards } from '../evaluation/run';
import { VeilError, type EvaluationDocument, type EvaluationJobProgress, type SweepDocument } from '../protocol';
import { type EvaluationProgress } from './evaluation-progress';
import { looksLine } from './evaluation-report';
import { evaluateAll } from './evaluation-run';
import { type Evaluation } from './evaluation-shard';
import { listenToParent, tellParent } from './learn-job';

const FIGURE = [560, 320] as const;

/**
 * An evaluation or a sweep as the sidecar's child: progress, outcome and error go to the parent as EvaluationMessages, and it
 * ends with the parent. Bad records are told in the document, not by an exit code.
 */
export async function evaluationAsJob<Document extends EvaluationDocument | SweepDocument>(
  prepare: () => Promise<Evaluation>,
  conclude: (shards: Shards) => Document
): Promise<void> {
  // As Ctrl-C: it puts its work down where it is, and before or after it has any it ends.
  listenToParent(() => process.kill(process.pid, 'SIGINT'));
  const notices = new Set<string>();
  let first: EvaluationProgress | undefined;
  const show = (progress: EvaluationProgress) => void tellParent(messageOf(progress, (first ??= progress)));
  const listener = {
    progress: { show, close: () => undefined },
    notices: { show: (line: string) => void notices.add(line) }
  };
  try {
    await evaluateAll({ ...(await prepare()), listener }, async shards => {
      const document = conclude(shards);
      const figure = 'rows' in document ? await figureOf(document) : null;
      const looks = 'rows' in document && document.looks && document.looks.count > 1 ? [looksLine(document.looks)] : [];
      await tellParent({ type: 'report', report: { document, figure, notices: [...notices, ...looks] } });
    });
  } catch (thrown) {
    await tellParent({ type: 'error', error: VeilError.from(thrown).toBody().error });
    throw thrown;
  }
}

/** @param first of this run: until then models were loaded, which says nothing of how long the others take */
function messageOf(
  { done, total, here, seconds }: EvaluationProgress,
  first: EvaluationProgress
): { type: 'progress'; progress: EvaluationJobProgress } {
  const rate = seconds > first.seconds ? (here - first.here) / (seconds - first.seconds) : 0;
  const progress = {
    images: done,
    of: total,
    images_per_s: rate,
    done: total > 0 ? Math.min(1, done / total) : 1,
    seconds_left: rate > 0 ? Math.max(0, total - done) / rate : null
  };
  return { type: 'progress', progress };
}

async function figureOf(document: SweepDocument): Promise<string> {
  // Loaded when it is used: the other commands start without it.
  const [{ drawCurves, standalone }, { sweepChart }] = await Promise.all([
    import('../audit/report/charts'),
    import('../audit/report/sweep-chart')
  ]);
  return standalone(drawCurves(sweepChart(document), ...FIGURE));
}
