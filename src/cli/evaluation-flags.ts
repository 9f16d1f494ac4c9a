import { Command, InvalidArgumentError, Option } from 'commander';
import { DATASET_FORMATS, type DatasetFormat } from '../evaluation/datasets';
import { VeilError } from '../protocol';

/** What `evaluate` and `sweep` have in common. */
export interface EvaluationFlags {
  dataset?: string;
  format?: DatasetFormat;
  category?: string;
  model?: string;
  workers?: number;
  device: string;
  shard?: Shard;
  out?: string;
  merge?: string;
  json?: boolean;
  asJob?: boolean;
}

export interface Shard {
  shard: number;
  of: number;
}

export const EVALUATION_AFTER = `
A record of the data set that cannot be used (a malformed label, a photograph that is missing or damaged) is told, counted and
left out. Ctrl-C stops (exit code 130), and the same command goes on where it stopped. Shards run anywhere and in any order, and
merge to exactly what one process finds: --shard 0/8 --out RESULTS … --shard 7/8 --out RESULTS, then --merge RESULTS.
Exit codes: 0 done; 2 wrong use, ALPHA outside the artefact, no such data set, or shards missing; 3 some records could not be used
(the result is printed all the same); 4 model or artefact missing or mismatched; 5 device not available; 6 --out cannot be
written or holds another evaluation; 130 stopped; 1 a fault in Veilbook.`;

export function evaluationCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--dataset <dir>', 'photographs with boxes: FDDB, WIDER FACE, COCO or Pascal VOC')
    .addOption(new Option('--format <format>', 'of the data set (default: what it looks like)').choices([...DATASET_FORMATS]))
    .option('--category <name>', 'the one that counts, where labels have names')
    .option('--model <dir>', 'model folder or name (default: the bundled faceboxes)')
    .addOption(
      new Option('--workers <n>', 'images at work at once on the processor (default: its cores, at most 8)').argParser(workers)
    )
    .option('--device <device>', 'auto, cpu, webgpu or cuda:N', 'auto')
    .addOption(new Option('--shard <i/n>', 'only every n-th image, from the i-th (from 0) on; needs --out').argParser(shardOf))
    .option('--out <dir>', 'keep tallies there, to go on from and to merge')
    .option('--merge <dir>', 'run nothing: print what the shards in this folder give together')
    .option('--json', 'print one JSON document')
    .addOption(new Option('--as-job', 'tell everything to the process that started this one').hideHelp())
    .addHelpText('after', EVALUATION_AFTER);
}

/** @throws VeilError `bad_request` when flags contradict each other */
export function requireSense({ dataset, shard, out, merge }: EvaluationFlags): void {
  if (merge === undefined && dataset === undefined) {
    throw new VeilError('bad_request', 'There is no data set. Nothing was run.', 'Name one: --dataset DIR.');
  }
  if (merge !== undefined && [dataset, shard, out].some(flag => flag !== undefined)) {
    throw new VeilError(
      'bad_request',
      '--merge runs nothing, so --dataset, --shard and --out say nothing beside it.',
      'Leave them out, or leave --merge out.'
    );
  }
  if (shard && out === undefined) {
    throw new VeilError(
      'bad_request',
      'A shard alone is no result, and its tallies have no place. Nothing was run.',
      'Say where they go: --out DIR.'
    );
  }
}

const MOST_WORKERS = 256;
const MOST_SHARDS = 100_000;

function workers(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MOST_WORKERS) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_WORKERS}.`);
  }
  return value;
}

function shardOf(text: string): Shard {
  const [, shard, of] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (!(of >= 1 && of <= MOST_SHARDS && shard < of)) {
    throw new InvalidArgumentError('It must be a number from 0 and how many shards there are, as in 0/8.');
  }
  return { shard, of };
}
