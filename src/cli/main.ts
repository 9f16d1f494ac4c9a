#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { FAILURES, VeilError, VERSION } from '../protocol';
import { auditCommand } from './audit';
import { benchCommand } from './bench';
import { requireNode } from '../pipeline/node-version';
import { compareCommand } from './compare';
import { datasetCommand } from './dataset';
import { detectCommand } from './detect';
import { devicesCommand } from './devices';
import { doctorCommand } from './doctor';
import { evaluateCommand } from './evaluate';
import { exportCommand } from './export';
import { jobCommand } from './job';
import { learnCommand } from './learn';
import { ledgerCommand } from './ledger';
import { migrateCommand } from './migrate';
import { modelCommand } from './model';
import { exitCodeOf, showError } from './output';
import { policyCommand } from './policy';
import { rbacCommand } from './rbac';
import { s3Command } from './s3';
import { sidecarCommand } from './sidecar';
import { sweepCommand } from './sweep';
import { tailCommand } from './tail';
import { toolkitCommands } from './toolkit';
import { workspaceCommand } from './workspace';

const EXIT_CODES = `
Exit codes: 0 done; 2 wrong use or ALPHA; 3 an image or tensor that cannot be used (also: some were left out by
--skip-bad); 4 model or artefact missing or mismatched; 5 device, worker or sidecar not available; 6 output not written;
7 and 8 an audit that is not valid; 9 may not leave the trusted zone; 130 cancelled; 1 a fault in Veilbook. With --json, stdout holds exactly one JSON document;
everything else is on stderr.`;

function program(): Command {
  const root = new Command('veilbook')
    .description('Confidential inference: a detector split into head, noise and tail; only the obfuscated activation leaves.')
    .version(VERSION)
    .addHelpText('after', EXIT_CODES);
  const commands = [
    detectCommand(),
    learnCommand(),
    auditCommand(),
    evaluateCommand(),
    sweepCommand(),
    benchCommand(),
    compareCommand(),
    datasetCommand(),
    modelCommand(),
    exportCommand(),
    tailCommand(),
    devicesCommand(),
    sidecarCommand(),
    workspaceCommand(),
    jobCommand(),
    ...toolkitCommands(),
    s3Command(),
    migrateCommand(),
    ledgerCommand(),
    policyCommand(),
    doctorCommand(),
    rbacCommand()
  ];
  for (const command of commands) {
    root.addCommand(command);
  }
  prepare(root);
  return root;
}

/** One line on stderr for wrong use, exit code 2, also in sub-commands. */
function prepare(command: Command): void {
  command.exitOverride().configureOutput({
    outputError: (text, write) =>
      write(
        `veilbook: ${text
          .trim()
          .replace(/^error: /, '')
          .replace(/\s*\n\s*/g, ' ')}\n`
      )
  });
  command.commands.forEach(prepare);
}

async function main(): Promise<void> {
  try {
    requireNode();
    await program().parseAsync();
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      process.exitCode = thrown.exitCode === 0 ? 0 : FAILURES.bad_request.exit;
      return;
    }
    const error = VeilError.from(thrown);
    showError(error);
    process.exitCode = exitCodeOf(error);
  }
}

void main();
