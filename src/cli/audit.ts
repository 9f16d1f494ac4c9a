import { Command, InvalidArgumentError, Option } from 'commander';
import { basename, resolve } from 'node:path';
import { DEFAULT_MODEL } from '../models';
import { VeilError, type AuditProgress, type AuditReport, type AuditRequest } from '../protocol';
import { auditAsJob } from './audit-job';
import { openAuditProgress } from './audit-progress';
import { describeAudit } from './audit-report';
import { print } from './output';

interface AuditFlags {
  images: string;
  model?: string;
  alphas?: number[];
  quick?: boolean;
  full?: boolean;
  attack?: string[];
  out?: string;
  seed?: number;
  device?: string;
  report?: string;
  json?: boolean;
  certify?: boolean;
  asJob?: boolean;
}

/** What `veilbook audit` ends with beside the codes of failures. */
export const VERDICT_EXIT = { valid: 0, unsound: 7, void: 8 } as const;

const AFTER = `
--attack names A0, A1, A2, naive, A3, A4 or A6, or a program or module of your own (docs/audit.md); what it names runs, and
A0 and A1 always. A quick audit takes about 3 minutes, a full one about 45 on two cores. Ctrl-C stops it (exit code 130),
and the same command goes on where it stopped. Photographs stay on this machine.
Exit codes: 0 valid; 2 wrong use, an ALPHA outside the artefact, a folder that is not there or too few images; 3 a photograph
that cannot be used; 4 model or artefact missing or mismatched; 5 device not available; 6 --out, --report or the model folder
cannot be written; 7 unsound: what leaves is not what the artefact declares; 8 void: a control failed and the figures say
nothing; 130 stopped; 1 a fault in Veilbook.`;

/** `veilbook audit`: what attackers get out of a model's obfuscation. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('attack what a model sends as somebody would who knows model, artefact and ALPHA, and report what they get')
    .requiredOption('--images <dir>', 'folder of photographs, searched through; best none of those it was learned from')
    .option('--model <dir>', 'model folder or name (default: the bundled faceboxes)')
    .addOption(new Option('--alphas <list>', "strengths to attack, as in 0.2,0.8 (default: the artefact's)").argParser(alphas))
    .addOption(new Option('--quick', 'attacks in closed form and the decoder of the artefact (default)').conflicts('full'))
    .option('--full', 'train attackers for each ALPHA')
    .option('--attack <name...>', 'only these attacks, or one of your own')
    .option('--out <dir>', 'folder for what a stopped audit goes on from (default: ./audit-<model>)')
    .addOption(new Option('--seed <n>', 'of the audit; noise in use is never seeded').argParser(wholeNumber))
    .option('--device <device>', 'auto, cpu, webgpu or cuda:N')
    .option('--report <file>', 'write a report for people, as HTML')
    .option('--certify', 'write what the strongest attack leaves of each ALPHA into the model folder; needs --full')
    .option('--json', 'print one JSON document')
    .addOption(new Option('--as-job', 'tell everything to the process that started this one').hideHelp())
    .addHelpText('after', AFTER)
    .action((flags: AuditFlags) =>
      flags.asJob ? auditAsJob((signal, show) => auditUntilStopped(flags, signal, show), flags.report) : audit(flags)
    );
}

function alphas(text: string): number[] {
  const values = text.split(',').map(part => (part.trim() === '' ? NaN : Number(part)));
  if (!values.every(value => value > 0 && value < 1)) {
    throw new InvalidArgumentError('They must be numbers between 0 and 1 with commas between, as in 0.2,0.4,0.8.');
  }
  return [...new Set(values)].sort((a, b) => a - b);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError('It must be a whole number from 0 on.');
  }
  return value;
}

async function audit(flags: AuditFlags): Promise<void> {
  refuseUncertifiable(flags);
  const cancel = new AbortController();
  // The second Ctrl-C finds no handler and ends the process without waiting for the running step.
  process.once('SIGINT', () => cancel.abort());
  const display = openAuditProgress(process.stderr);
  try {
    const report = await auditUntilStopped(flags, cancel.signal, progress => display.show(progress));
    display.close();
    const { certify, writeReport } = await import('../audit');
    if (flags.report) {
      await writeReport(report, flags.report);
    }
    const certificate = flags.certify && report.verdict === 'valid' ? await certify(report, flags.model) : null;
    if (certificate) {
      process.stderr.write(`veilbook: certified in ${certificate}\n`);
    }
    print(flags.json ? report : describeAudit(report).join('\n'));
    process.exitCode = VERDICT_EXIT[report.verdict];
  } finally {
    display.close();
  }
}

/** A weaker audit promises too much. */
function refuseUncertifiable({ certify, full, attack, alphas: some }: AuditFlags): void {
  if (certify && (!full || attack || some)) {
    throw new VeilError(
      'bad_request',
      '--certify needs all attacks at full effort on all ALPHAs. Nothing was attacked.',
      'Add --full, and leave --attack and --alphas out.'
    );
  }
}

async function auditUntilStopped(
  flags: AuditFlags,
  signal: AbortSignal,
  show: (progress: AuditProgress) => void
): Promise<AuditReport> {
  // Loaded when it is used: the other commands start without it.
  const { ATTACK_NAMES, auditModel, loadAttack } = await import('../audit');
  const named = flags.attack?.filter(name => !isFile(name));
  const extraAttacks = await Promise.all((flags.attack ?? []).filter(isFile).map(loadAttack));
  const unknown = named?.find(name => !ATTACK_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new VeilError(
      'bad_request',
      `There is no attack ${unknown}. Nothing was attacked.`,
      `Choose from ${ATTACK_NAMES.join(', ')}, or name a file.`
    );
  }
  const request = requestOf(flags, named);
  let done = 0;
  try {
    return await auditModel(request, {
      signal,
      extraAttacks,
      progress: now => {
        done = now.done;
        show(now);
      }
    });
  } catch (thrown) {
    if (signal.aborted) {
      const kept = `Stopped at ${Math.floor(100 * done)}%; what was finished so far is in ${request.out}.`;
      throw new VeilError('cancelled', kept, 'The same command goes on where it stopped.');
    }
    throw thrown;
  }
}

/** Names have no dots and slashes. */
const isFile = (name: string): boolean => /[./\\]/.test(name);

function requestOf(
  { images, model, alphas: listed, full, out, seed = 0, device }: AuditFlags,
  named: string[] | undefined
): AuditRequest & { out: string } {
  const folder = out ?? `audit-${basename(resolve(model ?? DEFAULT_MODEL))}`;
  const attacks = named?.length ? named : undefined;
  const given = Object.entries({ model, alphas: listed, attacks, device }).filter(([, value]) => value !== undefined);
  return { images, effort: full ? 'full' : 'quick', seed, out: folder, ...Object.fromEntries(given) };
}
