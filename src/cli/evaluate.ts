import { InvalidArgumentError, Option, type Command } from 'commander';
import { evaluationDocument, type Shards } from '../evaluation/run';
import { loadDetector, type DetectorModel } from '../models';
import { looksNotices } from '../pipeline/looks';
import { requireAlpha, requireObfuscation } from '../pipeline/noise';
import { FAILURES, VeilError } from '../protocol';
import { leakageAt } from './evaluation-leakage';
import { evaluationAsJob } from './evaluation-job';
import { evaluationCommand, requireSense, type EvaluationFlags } from './evaluation-flags';
import { circumstancesOf, describeEvaluation } from './evaluation-report';
import { evaluateAll, mergeAll } from './evaluation-run';
import { type Evaluation } from './evaluation-shard';
import { Notices, print } from './output';

interface EvaluateFlags extends EvaluationFlags {
  noisy?: boolean;
  alpha?: number;
}

/** `veilbook evaluate`: average precision of a data set, with or without the obfuscation. */
export function evaluateCommand(): Command {
  return evaluationCommand('evaluate', 'average precision of a detector on a data set, clean or through the obfuscation')
    .option('--noisy', 'add the noise; needs --alpha')
    .addOption(new Option('--alpha <number>', 'noise strength, for --noisy').argParser(strength))
    .action(evaluate);
}

function strength(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('It must be a number.');
  }
  return value;
}

async function evaluate(flags: EvaluateFlags): Promise<void> {
  requireSense(flags);
  if (flags.asJob) {
    await evaluationAsJob(() => evaluationOf(flags), evaluationDocument);
    return;
  }
  const show = (shards: Shards) => report(shards, flags);
  await (flags.merge === undefined ? evaluateAll(await evaluationOf(flags), show) : mergeAll(flags.merge, 'evaluate', show));
}

/** Everything that can be refused is refused before the first photograph is read. */
async function evaluationOf(flags: EvaluateFlags): Promise<Evaluation> {
  const model = await loadDetector(flags.model);
  const alpha = strengthOf(flags, model);
  const options = { mode: alpha === null ? ('clean' as const) : ('noisy' as const), alpha: alpha ?? undefined };
  return {
    kind: 'evaluate',
    flags,
    model,
    strengths: [{ alpha, leakage: leakageAt(model, alpha) }],
    async judge(compute, image, data, signal) {
      const { result } = await compute.detect(
        {
          image,
          frame: { kind: 'coded', data },
          options: { ...options, device: flags.device, model: flags.model },
          pictures: [],
          activation: false
        },
        signal
      );
      // Nothing is sent here, so no look at a photograph is one that somebody had.
      const local = looksNotices(result.looks);
      const notices = result.notices.filter(line => !local.includes(line));
      const { detections, width, height, device, versions } = result;
      return { answers: [detections], width, height, device, versions, notices };
    }
  };
}

/** @throws VeilError `bad_alpha`, `artefact_missing`: never a clean run under a noisy name */
function strengthOf({ noisy, alpha }: EvaluateFlags, model: DetectorModel): number | null {
  if (!noisy && alpha !== undefined) {
    throw new VeilError('bad_alpha', '--alpha belongs to --noisy, this is a clean run. Nothing was run.', 'Add --noisy.');
  }
  return noisy ? requireAlpha(alpha, requireObfuscation(model)) : null;
}

function report(shards: Shards, { json }: EvaluateFlags): void {
  const document = evaluationDocument(shards);
  const notices = new Notices();
  circumstancesOf(document).forEach(line => notices.show(line));
  print(json ? document : describeEvaluation(document).join('\n'));
  process.exitCode = document.bad > 0 ? FAILURES.bad_image.exit : 0;
}
