import { Command, InvalidArgumentError, Option } from 'commander';
import type { DetectOutcome } from '../pipeline/compute';
import { openDoor } from '../egress';
import { openCompute } from '../pipeline/engine';
import { FAILURES, VeilError, type DetectDocument, type RunOptions, type Sent } from '../protocol';
import { readImage } from './image-file';
import { exitCodeOf, milliseconds, Notices, print, showError } from './output';
import { inOrder } from './in-order';
import { PictureFolder } from './picture-folder';

interface DetectFlags {
  mode: 'clean' | 'noisy';
  alpha?: number;
  threshold?: number;
  device: string;
  model?: string;
  out?: string;
  format: 'jpeg' | 'png';
  skipBad?: boolean;
  json?: boolean;
  insecureSeed?: number;
  tail?: string;
  allowCleanEgress?: boolean;
  dryRun?: boolean;
}

type Entry = DetectDocument['results'][number];

export function detectCommand(): Command {
  return new Command('detect')
    .description('find faces in images, or name them by a classifier, clean or through the obfuscation')
    .argument('<image...>', 'JPEG, PNG, WebP, TIFF or GIF files')
    .addOption(new Option('--mode <mode>', 'run clean or through the noise').choices(['clean', 'noisy']).default('clean'))
    .addOption(new Option('--alpha <number>', 'noise strength, needed by --mode noisy').argParser(number))
    .addOption(new Option('--threshold <score>', "draw boxes from this score, 0 to 1 (default: the model's)").argParser(number))
    .option('--device <device>', 'auto, cpu, webgpu or cuda:N', 'auto')
    .option('--model <dir>', 'model folder or name (default: the bundled faceboxes)')
    .option('--out <dir>', 'write annotated pictures there; nothing that exists is overwritten')
    .addOption(new Option('--format <format>', 'of those pictures').choices(['jpeg', 'png']).default('jpeg'))
    .option('--skip-bad', 'leave images out that cannot be read or decoded; exit code 3 if there were any')
    .addOption(new Option('--insecure-seed <number>', 'repeatable noise for tests; the result is not private').argParser(number))
    .option('--tail <url>', 'run the tail on a server: triton://host:port/model (tritons:// with TLS, triton+grpc://)')
    .option('--allow-clean-egress', 'with --tail and without noise: send the clean activation, which shows the picture')
    .option('--dry-run', 'with --tail: say what would leave, and send nothing')
    .option('--json', 'print one JSON document')
    .action(detect);
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('It must be a number.');
  }
  return value;
}

async function detect(images: string[], flags: DetectFlags): Promise<void> {
  const document: DetectDocument = { schema: 1, results: [] };
  const cancel = new AbortController();
  // The second Ctrl-C finds no handler and ends the process without waiting for the running stage.
  process.once('SIGINT', () => cancel.abort());
  try {
    await detectAll(images, flags, document, cancel.signal);
  } catch (thrown) {
    const error = VeilError.from(thrown);
    document.error = error.toBody().error;
    showError(error);
    process.exitCode = exitCodeOf(error);
  }
  if (flags.json) {
    print(document);
  }
}

/** Fill `document` image by image; what it holds when an error ends the loop is what was done. */
async function detectAll(images: string[], flags: DetectFlags, document: DetectDocument, signal: AbortSignal): Promise<void> {
  const options = runOptions(flags);
  const folder = flags.out === undefined ? null : await PictureFolder.open(flags.out);
  const notices = new Notices();
  const door = openDoor();
  const compute = await openCompute({ remoteTail: door });
  const stop = new AbortController();
  const run = async (image: string): Promise<DetectOutcome> => {
    const frame = { kind: 'coded' as const, data: await readImage(image) };
    const pictures = folder ? (['annotated'] as const) : [];
    return compute.detect({ image, frame, options, pictures, activation: false }, AbortSignal.any([signal, stop.signal]));
  };
  try {
    for await (const { item: image, outcome, error } of inOrder(images, run)) {
      if (error) {
        leaveOut(image, error, flags, document, images.length);
        continue;
      }
      const entry: Entry = outcome.result;
      entry.notices.forEach(line => notices.show(line));
      if (folder && outcome.pictures.annotated) {
        entry.picture = await folder.write(image, entry, outcome.pictures.annotated);
      }
      document.results.push(entry);
      if (!flags.json) {
        print(summary(entry));
      }
    }
  } finally {
    stop.abort();
    await compute.close();
    await door.close();
  }
}

/** What the pipeline would refuse for every image is refused before the first is read. */
function runOptions(flags: DetectFlags): RunOptions {
  if (flags.mode === 'noisy' && flags.alpha === undefined) {
    throw new VeilError('bad_alpha', '--mode noisy has no ALPHA. Nothing was run.', 'Say how strong the noise is: --alpha 0.2.');
  }
  if (flags.mode === 'clean' && flags.alpha !== undefined) {
    throw new VeilError(
      'bad_alpha',
      '--alpha belongs to --mode noisy, this is a clean run. Nothing was run.',
      'Add --mode noisy.'
    );
  }
  if (flags.threshold !== undefined && !(flags.threshold >= 0 && flags.threshold <= 1)) {
    throw new VeilError('bad_request', `--threshold ${flags.threshold} is no score. Nothing was run.`, 'Use 0 to 1.');
  }
  return {
    mode: flags.mode,
    alpha: flags.alpha,
    threshold: flags.threshold,
    device: flags.device,
    model: flags.model,
    picture_format: flags.format,
    insecure_seed: flags.insecureSeed,
    tail: flags.tail,
    allow_clean_egress: flags.allowCleanEgress,
    dry_run: flags.dryRun
  };
}

/** Only an image can be bad; a fault of model, device or noise ends the command. */
function leaveOut(image: string, error: VeilError, flags: DetectFlags, document: DetectDocument, count: number): void {
  const done = document.results.length;
  if (!['bad_image', 'image_too_large', 'not_found'].includes(error.code)) {
    throw error;
  }
  if (!flags.skipBad) {
    const rest = count > 1 ? ` ${done} of ${count} images were run before it.` : '';
    throw new VeilError(error.code, error.message, `${error.remedy} Or leave such images out: --skip-bad.${rest}`.trim());
  }
  showError(new VeilError(error.code, error.message, 'Left out.'));
  (document.skipped ??= []).push({ image, code: error.code, message: error.message, remedy: error.remedy });
  process.exitCode = FAILURES.bad_image.exit;
}

function summary(entry: Entry): string {
  const strength = entry.alpha === null ? [] : [`ALPHA ${entry.alpha}${entry.artefact?.calibrated ? '' : ' (uncalibrated)'}`];
  return [
    entry.image,
    ...(entry.sent?.dry_run ? [] : [found(entry)]),
    ...strength,
    ...(entry.looks && entry.looks.count > 1 ? [`seen ${entry.looks.count} times`] : []),
    `${milliseconds(entry.timings_ms.total)} on ${entry.device}`,
    ...(entry.sent ? [way(entry.sent)] : []),
    ...(entry.picture ? [entry.picture] : [])
  ].join('  ');
}

function way({ dry_run: dry, destination, server_model: model, tensor_bytes: bytes, ledger_entry: entry }: Sent): string {
  const where = `${bytes} bytes to ${destination}/${model}`;
  return dry ? `would send ${where}` : `${where}, ledger entry ${entry}`;
}

/** Faces, or what a classifier takes the frame for: its best class and what comes near it. */
function found({ detections, classes, threshold }: Entry): string {
  if (classes) {
    return classes
      .filter(({ score }, i) => i === 0 || score >= 0.1)
      .map(({ label, score }) => `${label} ${score.toFixed(2)}`)
      .join(', ');
  }
  const faces = detections.filter(({ score }) => score >= threshold).length;
  return `${faces} ${faces === 1 ? 'face' : 'faces'} at ${threshold}`;
}
