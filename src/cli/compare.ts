import { Command, InvalidArgumentError, Option } from 'commander';
import { writeFile } from 'node:fs/promises';
import type { MethodName, Progress } from '../audit/compare';
import { VeilError, VERSION } from '../protocol';
import { print } from './output';

interface CompareFlags {
  images: string;
  labels?: string;
  model?: string;
  methods?: string[];
  target: number;
  steps: number;
  seed: number;
  out?: string;
  report?: string;
  json?: boolean;
}

const AFTER = `
Every method is made as strong as it may be while the model keeps --target of its accuracy; then the same two attacks are
let at photographs they have not seen. Seven methods take up to half an hour on two cores. With --out finished methods are
kept: the same command goes on where it was stopped. Photographs stay on this machine.`;

/** `veilbook compare`: ways to keep pictures from a server, side by side. */
export function compareCommand(): Command {
  return new Command('compare')
    .description('compare blur, plain noise, a bank of noises and one deviation a channel with this model’s obfuscation')
    .requiredOption('--images <dir>', 'folder of photographs, searched through: to learn attacks from, and to attack')
    .option('--labels <path>', 'photographs with boxes, FDDB layout or COCO json; without: agreement with the clean model')
    .option('--model <dir>', 'model folder or name (default: the bundled faceboxes)')
    .addOption(new Option('--methods <list>', 'names with commas between (default: all that the model allows)').argParser(list))
    .addOption(new Option('--target <share>', 'of the accuracy that is kept').argParser(share).default(0.95))
    .addOption(new Option('--steps <n>', 'training of the decoder for each method').argParser(whole(1)).default(400))
    .addOption(new Option('--seed <n>', 'of splits, noise and training').argParser(whole(0)).default(0))
    .option('--out <file>', 'keep finished methods there, one JSON line each')
    .option('--report <file>', 'write a page with table and chart, as HTML')
    .option('--json', 'print one JSON document')
    .addHelpText('after', AFTER)
    .action(run);
}

async function run(flags: CompareFlags): Promise<void> {
  // Loaded when it is used: the other commands start without it.
  const { compareMethods, comparisonHtml, comparisonTable, METHOD_NAMES, QUOTED } = await import('../audit/compare');
  const { loadModel, isDetector } = await import('../models');
  const unknown = flags.methods?.find(name => !(METHOD_NAMES as string[]).includes(name));
  if (unknown !== undefined) {
    throw new VeilError(
      'bad_request',
      `There is no method ${unknown}. Nothing was run.`,
      `Use some of ${METHOD_NAMES.join(', ')}.`
    );
  }
  const possible = isDetector(await loadModel(flags.model)) ? METHOD_NAMES : METHOD_NAMES.filter(name => name !== 'blur');
  const cancel = new AbortController();
  process.once('SIGINT', () => cancel.abort());
  const { images, target, steps, seed } = flags;
  const request = {
    ...(flags.model !== undefined && { model: flags.model }),
    images,
    labels: flags.labels ?? null,
    methods: (flags.methods as MethodName[] | undefined) ?? possible,
    target,
    steps,
    seed,
    out: flags.out ?? null,
    signal: cancel.signal
  };
  const rows = await compareMethods(request, progressOn(process.stderr)).catch(thrown => {
    if (!cancel.signal.aborted) {
      throw thrown;
    }
    const again = flags.out ? 'The same command goes on behind the finished methods.' : 'With --out finished methods are kept.';
    throw new VeilError('cancelled', 'The comparison was stopped.', again);
  });
  if (flags.report !== undefined) {
    const path = flags.report;
    await writeFile(path, comparisonHtml(rows, `veilbook ${VERSION}`)).catch(error => {
      throw new VeilError('output_unwritable', `${path} cannot be written (${error.message}).`, 'Give another --report.');
    });
  }
  print(flags.json ? { schema: 1, rows, quoted: QUOTED } : comparisonTable(rows).join('\n'));
}

/** A line for each thing that is done; on a terminal also how far the current one is. */
function progressOn(stream: NodeJS.WriteStream): Progress {
  return (what, steps) => {
    const began = performance.now();
    let done = 0;
    return () => {
      done++;
      if (done === steps) {
        const seconds = ((performance.now() - began) / 1000).toFixed(0);
        stream.write(`${stream.isTTY ? '\r\x1b[K' : ''}veilbook: ${what}, ${seconds} s\n`);
      } else if (stream.isTTY) {
        stream.write(`\r${what} ${done}/${steps}\x1b[K`);
      }
    };
  };
}

function list(text: string): string[] {
  return [...new Set(text.split(',').map(name => name.trim()))];
}

function share(text: string): number {
  const value = Number(text);
  if (!(text.trim() !== '' && value > 0 && value < 1)) {
    throw new InvalidArgumentError('It must be a number between 0 and 1.');
  }
  return value;
}

function whole(least: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
    }
    return value;
  };
}
