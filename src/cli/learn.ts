import { Command, InvalidArgumentError, Option } from 'commander';
import { basename, resolve } from 'node:path';
import { DEFAULT_MODEL } from '../models';
import { VeilError, type LearnProgress, type LearnReport, type LearnRequest } from '../protocol';
import { openInstallation } from './learn-install';
import { requireOwnFolder } from './learn-folder';
import { listenToParent, tellParent } from './learn-job';
import { openProgress } from './learn-progress';
import { recall, remember } from './learn-record';
import { describeLearned } from './learn-report';
import { print } from './output';

interface LearnFlags {
  images: string;
  model?: string;
  mode: 'calibrated' | 'cloak';
  alphas?: number[];
  out?: string;
  looks?: number;
  seed?: number;
  device?: string;
  install?: boolean;
  json?: boolean;
  asJob?: boolean;
}

const AFTER = `
The pass takes tens of minutes; Ctrl-C stops it (exit code 130), and the same command goes on where it stopped. Photographs and
everything learned stay on this machine. Exit codes: 0 learned; 2 wrong use, a folder that is not there or too few images;
3 a photograph that cannot be used; 4 model missing or mismatched; 5 device not available; 6 --out or, with --install, the
model folder cannot be written; 130 stopped; 1 a fault in Veilbook.`;

/** `veilbook learn`: an obfuscation for a model, from unlabelled photographs. */
export function learnCommand(): Command {
  return new Command('learn')
    .description('learn an obfuscation of a model from photographs without labels, and measure what it protects')
    .requiredOption('--images <dir>', 'folder of photographs of the kind that the model will see, searched through')
    .option('--model <dir>', 'model folder or name (default: the bundled faceboxes)')
    .addOption(
      new Option('--mode <mode>', 'calibrated: ALPHA is measured; cloak: ALPHA weighs noise against the task')
        .choices(['calibrated', 'cloak'])
        .default('calibrated')
    )
    .addOption(new Option('--alphas <list>', 'strengths to learn, as in 0.2,0.4,0.8; in mode cloak weights').argParser(alphas))
    .option('--out <dir>', 'folder for the artefact (default: ./obfuscation-<model>)')
    .addOption(new Option('--looks <k>', 'let ALPHA hold for so many looks at one source').argParser(wholeFrom(1)))
    .addOption(new Option('--seed <n>', 'of the learning; noise in use is never seeded').argParser(wholeFrom(0)))
    .option('--device <device>', 'auto, cpu, webgpu or cuda:N')
    .option('--install', 'put the finished artefact into the model folder, in place of the one there')
    .option('--json', 'print one JSON document')
    .addOption(new Option('--as-job', 'tell everything to the process that started this one').hideHelp())
    .addHelpText('after', AFTER)
    .action((flags: LearnFlags) => (flags.asJob ? learnAsJob(flags) : learnHere(flags)));
}

function alphas(text: string): number[] {
  const values = text.split(',').map(part => (part.trim() === '' ? NaN : Number(part)));
  if (!values.every(value => value > 0 && value < 1)) {
    throw new InvalidArgumentError('They must be numbers between 0 and 1 with commas between, as in 0.2,0.4,0.8.');
  }
  return [...new Set(values)].sort((a, b) => a - b);
}

function wholeFrom(least: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
    }
    return value;
  };
}

async function learnHere(flags: LearnFlags): Promise<void> {
  const cancel = new AbortController();
  // The second Ctrl-C finds no handler and ends the process without waiting for the running step.
  process.once('SIGINT', () => cancel.abort());
  const display = openProgress(process.stderr);
  try {
    const { report, installed } = await pass(flags, cancel.signal, progress => display.show(progress));
    display.close();
    print(flags.json ? report : describeLearned(report, installed).join('\n'));
  } finally {
    display.close();
  }
}

/** The sidecar's child: progress, report and error go to the parent as LearnMessages, and it ends with the parent. */
async function learnAsJob(flags: LearnFlags): Promise<void> {
  const cancel = new AbortController();
  process.once('SIGINT', () => cancel.abort());
  listenToParent(() => cancel.abort());
  try {
    const { report } = await pass(flags, cancel.signal, progress => tellParent({ type: 'progress', progress }));
    await tellParent({ type: 'report', report });
  } catch (thrown) {
    await tellParent({ type: 'error', error: VeilError.from(thrown).toBody().error });
    throw thrown;
  }
}

interface Learned {
  report: LearnReport;
  /** The model folder that got the artefact; null without --install. */
  installed: string | null;
}

/** Everything that can be refused is refused before the first photograph is read. */
async function pass(flags: LearnFlags, signal: AbortSignal, show: (progress: LearnProgress) => void): Promise<Learned> {
  const request = requestOf(flags);
  const installation = flags.install ? await openInstallation(flags.model) : null;
  await requireOwnFolder(request.out);
  // Who has seen the report installs what it is about, and does not learn again.
  const recalled = installation && (await recall(request));
  const report = recalled ?? (await learnUntilStopped(request, signal, show));
  if (!recalled) {
    await remember(request, report);
  }
  if (!installation) {
    return { report, installed: null };
  }
  await installation.install(request.out, report.artefact.sha256);
  const notice = `The artefact was put into ${installation.dir}; a sidecar that runs uses it after a restart.`;
  return { report: { ...report, notices: [...report.notices, notice] }, installed: installation.dir };
}

function requestOf({ images, model, mode, alphas: listed, out, looks, seed, device }: LearnFlags): LearnRequest {
  const folder = out ?? `obfuscation-${basename(resolve(model ?? DEFAULT_MODEL))}`;
  const given = { model, mode, alphas: listed, looks, seed, device };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { images, out: folder, ...set };
}

async function learnUntilStopped(
  request: LearnRequest,
  signal: AbortSignal,
  show: (progress: LearnProgress) => void
): Promise<LearnReport> {
  // Loaded when it is used: the other commands start without it.
  const { learn } = await import('../learning/learn');
  let done = 0;
  const progress = (now: LearnProgress) => {
    done = now.done;
    show(now);
  };
  try {
    return await learn(request, { progress, signal });
  } catch (thrown) {
    if (signal.aborted) {
      const kept = `Stopped at ${Math.floor(100 * done)}%; what was learned so far is in ${request.out}.`;
      throw new VeilError('cancelled', kept, 'The same command goes on where it stopped.');
    }
    throw thrown;
  }
}
