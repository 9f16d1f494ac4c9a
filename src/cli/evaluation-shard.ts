import { availableParallelism } from 'node:os';
import { datasetInfo, type Dataset, type DatasetRecord } from '../evaluation/datasets';
import { ShardWriter, type Judged, type ShardFolder } from '../evaluation/run';
import { type DetectorModel } from '../models';
import type { Compute } from '../pipeline/compute';
import { openCompute } from '../pipeline/engine';
import { VeilError, type EvaluatedStrength, type EvaluationQuestion } from '../protocol';
import { openEvaluationProgress, type EvaluationProgress } from './evaluation-progress';
import { type EvaluationFlags, type Shard } from './evaluation-flags';
import { inOrder, type Settled } from './in-order';
import { readImage } from './image-file';
import { Notices } from './output';
import { type ProgressDisplay } from './progress';

/** What a photograph gives, and lines about it that a person must see. */
export type Answered = Judged & { notices: readonly string[] };

export interface Evaluation {
  kind: EvaluationQuestion['kind'];
  flags: EvaluationFlags;
  model: DetectorModel;
  strengths: EvaluatedStrength[];
  /** Run one photograph at all strengths. */
  judge(compute: Compute, path: string, data: Uint8Array, signal: AbortSignal): Promise<Answered>;
  /** Who is told of it; default: a person, on stderr. */
  listener?: { progress: ProgressDisplay<EvaluationProgress>; notices: Pick<Notices, 'show'> };
}

/** A record of the data set, and its fold. */
interface Item {
  fold: string;
  record: DatasetRecord;
}

/** Each holds the model's graphs: with more cores than that each gets several threads. */
const WORKERS = 8;
/** More than this the workers' pool would refuse. */
const MOST_IN_FLIGHT = 48;

/**
 * Evaluate what is left of a shard: photographs are read while others are run, a few at a time, and counted in their order.
 * @throws VeilError `cancelled` after Ctrl-C; what was counted is on the disk
 */
export async function runShard(evaluation: Evaluation, dataset: Dataset, folder: ShardFolder, shard: Shard): Promise<void> {
  const cancel = new AbortController();
  const stop = () => cancel.abort();
  // The second Ctrl-C finds no handler and ends the process without waiting. A pod that is taken away gets SIGTERM.
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const display = evaluation.listener?.progress ?? openEvaluationProgress(process.stderr);
  const progress = await progressOf(dataset, folder, shard, display);
  const cores = availableParallelism();
  const workers = evaluation.flags.workers ?? Math.min(cores, WORKERS);
  const compute = await openCompute({ workers, threads: Math.max(1, Math.floor(cores / workers)) });
  const run = async ({ record }: Item): Promise<Answered | null> => {
    if ('bad' in record) {
      return null;
    }
    const { path } = record.photograph;
    return evaluation.judge(compute, path, await readImage(path), cancel.signal);
  };
  const notices = evaluation.listener?.notices ?? new Notices();
  let writer = new ShardWriter(
    folder,
    evaluation.strengths.map(({ alpha }) => alpha)
  );
  try {
    const items = itemsOf(dataset, folder.next, shard);
    for await (const settled of inOrder(items, run, Math.min(MOST_IN_FLIGHT, Math.max(8, 2 * workers)))) {
      settled.outcome?.notices.forEach(line => notices.show(line));
      count(writer, settled);
      progress.step();
      writer = writer.full ? await writer.flush() : writer;
    }
    await writer.end();
  } catch (thrown) {
    // If this cannot be written either, the blocks before it are there.
    await writer.flush().catch(() => undefined);
    if (cancel.signal.aborted) {
      const kept = `Stopped at ${progress.said()}; what was counted so far is in ${folder.dir}.`;
      throw new VeilError('cancelled', kept, 'The same command goes on where it stopped.');
    }
    throw thrown;
  } finally {
    progress.close();
    cancel.abort();
    await compute.close();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** @throws VeilError what is no fault of the image: of model, device or noise */
function count(writer: ShardWriter, { item: { fold, record }, outcome, error }: Settled<Item, Answered | null>): void {
  if ('bad' in record) {
    writer.addBad(fold, record.ordinal, record.bad);
    return;
  }
  const { photograph } = record;
  const { path } = photograph;
  if (!error) {
    writer.add(fold, record.ordinal, photograph, outcome!);
  } else if (['bad_image', 'image_too_large', 'not_found'].includes(error.code)) {
    writer.addBad(fold, record.ordinal, { place: path, message: briefly(error.message, path) });
  } else {
    throw error;
  }
}

/** The place is told beside it, and that the image was not run is what being a bad record means. */
function briefly(message: string, path: string): string {
  const cause = message.replace(/ (Nothing was run( on it)?|It was not decoded, nothing was run)\.$/, '');
  return cause.startsWith(`${path} `) ? cause.slice(path.length + 1) : cause;
}

/** The records of a shard from an ordinal on; labels that lie before are read again, photographs are not. */
async function* itemsOf(dataset: Dataset, next: number, { shard, of }: Shard): AsyncGenerator<Item> {
  for (const fold of dataset.folds) {
    for await (const record of fold.records()) {
      if (record.ordinal >= next && record.ordinal % of === shard) {
        yield { fold: fold.name, record };
      }
    }
  }
}

async function progressOf(
  dataset: Dataset,
  { next }: ShardFolder,
  { shard, of }: Shard,
  display: ProgressDisplay<EvaluationProgress>
) {
  const { images, bad } = await datasetInfo(dataset);
  const mine = (ordinals: number) => Math.max(0, Math.ceil((ordinals - shard) / of));
  const total = mine(images + bad);
  const before = mine(next);
  const begun = performance.now();
  let here = 0;
  return {
    step() {
      here++;
      display.show({ done: before + here, total, here, seconds: (performance.now() - begun) / 1000 });
    },
    said: () => `${before + here} of ${total} images`,
    close: () => display.close()
  };
}
