import { InvalidArgumentError, Option, type Command } from 'commander';
import { sweepDocument, type Shards } from '../evaluation/run';
import { loadDetector, type DetectorModel } from '../models';
import { requireAlpha, requireObfuscation } from '../pipeline/noise';
import { FAILURES, VeilError } from '../protocol';
import { evaluationAsJob } from './evaluation-job';
import { evaluationCommand, requireSense, type EvaluationFlags } from './evaluation-flags';
import { leakageAt } from './evaluation-leakage';
import { circumstancesOf, describeSweep } from './evaluation-report';
import { evaluateAll, mergeAll } from './evaluation-run';
import { type Evaluation } from './evaluation-shard';
import { Notices, print } from './output';

interface SweepFlags extends EvaluationFlags {
  alphas?: number[];
  plot?: string;
  report?: string;
}

/** Those of TR-4928, "Inferencing accuracy comparison". */
const REPORTED = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95];

/** `veilbook sweep`: accuracy and leakage over ALPHA, in one pass over a data set. */
export function sweepCommand(): Command {
  return evaluationCommand('sweep', 'average precision of a data set at several ALPHAs, and what attackers recover, in one pass')
    .addOption(
      new Option('--alphas <list>', `as in 0.2,0.8 (default: of ${REPORTED.join(',')} those of the artefact)`).argParser(
        strengths
      )
    )
    .option('--plot <file>', 'write the curves as SVG')
    .option('--report <file>', 'write a report for people, as HTML')
    .action(sweep);
}

function strengths(text: string): number[] {
  const values = text.split(',').map(part => (part.trim() === '' ? NaN : Number(part)));
  if (!values.every(value => value > 0 && value < 1)) {
    throw new InvalidArgumentError('They must be numbers between 0 and 1 with commas between, as in 0.2,0.8.');
  }
  return [...new Set(values)].sort((a, b) => a - b);
}

async function sweep(flags: SweepFlags): Promise<void> {
  requireSense(flags);
  refuseUnseen(flags);
  if (flags.asJob) {
    await evaluationAsJob(() => evaluationOf(flags), sweepDocument);
    return;
  }
  const show = (shards: Shards) => report(shards, flags);
  await (flags.merge === undefined ? evaluateAll(await evaluationOf(flags), show) : mergeAll(flags.merge, 'sweep', show));
}

/** A shard alone has no curves. */
function refuseUnseen({ shard, plot, report: page, merge, alphas }: SweepFlags): void {
  if (shard && shard.of > 1 && (plot ?? page) !== undefined) {
    throw new VeilError('bad_request', 'A shard alone has no curves. Nothing was run.', 'Give --plot and --report to --merge.');
  }
  if (merge !== undefined && alphas) {
    throw new VeilError('bad_request', '--merge prints the ALPHAs that were run.', 'Leave --alphas out.');
  }
}

/** Everything that can be refused is refused before the first photograph is read. */
async function evaluationOf(flags: SweepFlags): Promise<Evaluation> {
  const model = await loadDetector(flags.model);
  const alphas = alphasOf(flags, model);
  return {
    kind: 'sweep',
    flags,
    model,
    strengths: [null, ...alphas].map(alpha => ({ alpha, leakage: leakageAt(model, alpha) })),
    async judge(compute, image, data, signal) {
      const request = { image, frame: { kind: 'coded' as const, data }, alphas, device: flags.device, model: flags.model };
      const { clean, noisy, ...outcome } = await compute.sweep(request, signal);
      return { answers: [clean, ...noisy], ...outcome };
    }
  };
}

/** @throws VeilError `artefact_missing`, `bad_alpha` */
function alphasOf({ alphas }: SweepFlags, model: DetectorModel): number[] {
  const obfuscation = requireObfuscation(model);
  if (alphas) {
    return alphas.map(alpha => requireAlpha(alpha, obfuscation));
  }
  const { knots } = obfuscation.document;
  const [least, most] = [knots[0].alpha, knots[knots.length - 1].alpha];
  const within = REPORTED.filter(alpha => alpha >= least && alpha <= most);
  return within.length > 0 ? within : knots.map(({ alpha }) => alpha);
}

async function report(shards: Shards, flags: SweepFlags): Promise<void> {
  const document = sweepDocument(shards);
  const notices = new Notices();
  circumstancesOf(document).forEach(line => notices.show(line));
  if (flags.plot !== undefined || flags.report !== undefined) {
    // Loaded when it is used: the other commands start without it.
    const { writeSweepPlot, writeSweepReport } = await import('./evaluation-page');
    if (flags.plot !== undefined) {
      await writeSweepPlot(document, flags.plot);
    }
    if (flags.report !== undefined) {
      await writeSweepReport(document, flags.report);
    }
  }
  print(flags.json ? document : describeSweep(document).join('\n'));
  process.exitCode = document.bad > 0 ? FAILURES.bad_image.exit : 0;
}
