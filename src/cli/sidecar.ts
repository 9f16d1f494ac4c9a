import { Command, InvalidArgumentError } from 'commander';
import { FAILURES, type ConnectionFile, type LogTail, type PanelStatus, type SidecarStatus } from '../protocol';
import { getJson } from '../sidecar/client';
import { ensureRunning, findRunning, stopRunning } from '../sidecar/launch';
import { readLog } from '../sidecar/log';
import { resolveStateDir, statePaths } from '../sidecar/state-dir';
import { print } from './output';
import { describeStatus, row } from './sidecar-report';

interface Flags {
  stateDir?: string;
  json?: boolean;
}

/** `veilbook sidecar start|stop|status|log`: the process that notebooks and the JupyterLab panel share. */
export function sidecarCommand(): Command {
  const sidecar = new Command('sidecar').description('the process that notebooks and the JupyterLab panel share');
  const add = (name: string, description: string) =>
    sidecar
      .command(name)
      .description(description)
      .option('--state-dir <dir>', 'default: $VEILBOOK_STATE_DIR, else veilbook in the Jupyter runtime directory')
      .option('--json', 'print one JSON document');
  add('start', 'start it unless it runs, and show its status').action(async (flags: Flags) => {
    await showStatus(await ensureRunning(dirOf(flags)), flags);
  });
  add('stop', 'let it finish its requests, and end it').action(stop);
  add('status', 'show what runs; exit code 5 when nothing does').action(async (flags: Flags) => {
    await showStatus(await findRunning(dirOf(flags)), flags);
  });
  add('log', 'show the last lines of its log, whether it runs or not')
    .option('--lines <n>', 'how many', wholeNumber, 50)
    .action(({ lines, ...flags }: Flags & { lines: number }) => {
      const tail: LogTail = { lines: readLog(statePaths(dirOf(flags)).log, lines) };
      print(flags.json ? tail : tail.lines.join('\n'));
    });
  return sidecar;
}

async function stop(flags: Flags): Promise<void> {
  const connection = await findRunning(dirOf(flags));
  if (connection) {
    await stopRunning(connection);
  }
  const stopped: PanelStatus = { state: 'stopped' };
  print(flags.json ? stopped : row('sidecar', connection ? `stopped, was pid ${connection.pid}` : 'not running'));
}

async function showStatus(connection: ConnectionFile | null, { json }: Flags): Promise<void> {
  if (!connection) {
    const stopped: PanelStatus = { state: 'stopped' };
    print(json ? stopped : row('sidecar', 'not running'));
    process.exitCode = FAILURES.sidecar_unavailable.exit;
    return;
  }
  const status = await getJson<SidecarStatus>(connection, '/v1/status');
  const running: PanelStatus = { state: 'running', status };
  print(json ? running : describeStatus(status, new Date()).join('\n'));
}

function dirOf({ stateDir }: Flags): string {
  return resolveStateDir(stateDir === undefined ? process.env : { ...process.env, VEILBOOK_STATE_DIR: stateDir });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1000) {
    throw new InvalidArgumentError('Use a whole number from 1 to 1000.');
  }
  return value;
}
