import { realpath } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { type OperationPhase, type OperationProgress, type RecoveredOperation, VeilError } from '../protocol';
import { openLocalWorkspace, openWorkspaceIn, type Operation, type WorkspaceProvider } from '../workspaces';
import { Notices } from './output';

export interface PlaceFlags {
  dir?: string;
  workspace?: string;
  namespace?: string;
  name?: string;
  newClaim?: boolean;
  json?: boolean;
  yes?: boolean;
}

/** The workspace of --name, --dir, --workspace or the current folder; what a crash had left is said on stderr. */
export async function openWorkspace({ dir, workspace, namespace, name, newClaim }: PlaceFlags): Promise<WorkspaceProvider> {
  const notices = new Notices();
  const onRecovered = (done: RecoveredOperation[]) =>
    done.forEach(({ kind, id, outcome }) => notices.show(`A ${kind.replace('_', ' ')} that was cut off (${id}) was ${outcome}.`));
  if (name !== undefined) {
    const { openKubernetesWorkspace } = await import('../workspaces/kubernetes');
    return openKubernetesWorkspace({ namespace, name, keepClaimName: !newClaim, onRecovered });
  }
  if (namespace !== undefined) {
    throw new VeilError('bad_request', '--namespace is said without --name. Nothing was done.', 'Name the workspace too.');
  }
  if (dir === undefined && workspace === undefined) {
    return openWorkspaceIn(await realpath('.'), onRecovered);
  }
  return openLocalWorkspace({ dir: dir ?? '.', workspace, onRecovered });
}

/** Wait for an operation with its progress on a terminal. Ctrl-C asks it to stop; a second one ends the process. */
export async function act<T>(operation: Operation<T>): Promise<T> {
  const stop = () => {
    if (!operation.cancel()) {
      process.stderr.write('veilbook: It can no longer be stopped and finishes now.\n');
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  signals.forEach(signal => process.once(signal, stop));
  const line = process.stderr.isTTY;
  if (line) {
    operation.onProgress(progress =>
      process.stderr.write(`\r${describeProgress(progress).slice(0, (process.stderr.columns || 80) - 1)}\x1b[K`)
    );
  }
  try {
    return await operation.result;
  } finally {
    if (line) {
      process.stderr.write('\r\x1b[K');
    }
    signals.forEach(signal => process.removeListener(signal, stop));
  }
}

const PHASES: Record<OperationPhase, string> = {
  waiting: 'waiting for somebody else',
  reading: 'looking at it',
  safety: 'taking the safety snapshot',
  copying: 'copying',
  verifying: 'reading what was made',
  flushing: 'writing to the disk',
  committing: 'putting it in its place',
  removing: 'removing',
  finished: 'done'
};

function describeProgress({ phase, files, files_total: all, done, reason }: OperationProgress): string {
  const share = done === null ? '    ' : `${String(Math.floor(100 * done)).padStart(3)}%`;
  const count = files === 0 ? '' : all === null ? `, ${files} files` : `, ${files} of ${all} files`;
  return `${share} ${PHASES[phase]}${count}${reason === null ? '' : `: ${reason}`}`;
}

/** @throws VeilError `bad_request` when nobody said yes, or nobody can be asked */
export async function requireYes({ yes }: PlaceFlags, question: string, flag = '--yes'): Promise<void> {
  if (yes) {
    return;
  }
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new VeilError('bad_request', 'Nobody can be asked whether this is meant. Nothing was changed.', `Add ${flag}.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const cancel = new AbortController();
  terminal.once('SIGINT', () => cancel.abort());
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: cancel.signal });
    if (!/^y(es)?$/i.test(answer.trim())) {
      throw new VeilError('cancelled', 'Not confirmed. Nothing was changed.', '');
    }
  } catch (thrown) {
    throw cancel.signal.aborted ? new VeilError('cancelled', 'Stopped. Nothing was changed.', '') : thrown;
  } finally {
    terminal.close();
  }
}
