import { execFile } from 'node:child_process';
import { lstatSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { VeilError } from '../../protocol';
import { isAlive, thisWriter } from './writer';

const PATIENCE_MS = 5000;
/** A writer elsewhere (another container or host) holds the lock for less than a millisecond; so long says that it died. */
const FOREIGN_MS = 60_000;

/**
 * Do `work`, which must not wait for anything, while no other process appends. The lock is a symbolic link whose target
 * names its holder: made and named in one step, in microseconds, where flock(2) would take a child process each time.
 * What a killed process left is taken away by whoever waits for it.
 * @param work gets whether the lock was taken from a dead holder
 * @throws VeilError `busy` when somebody else holds it for 5 s; what `work` throws
 */
export async function withLock<T>(path: string, work: (inherited: boolean) => T): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  let inherited = false;
  for (let wait = 1; !taken(path); wait = Math.min(2 * wait, 16)) {
    const holder = holderOf(path);
    if (holder !== null && isDead(path, holder)) {
      await remove(path, holder);
      inherited = true;
      continue;
    }
    if (Date.now() > end) {
      throw new VeilError(
        'busy',
        `Another process holds the ledger (${path}: ${holder}) for ${PATIENCE_MS / 1000} s.`,
        'Try again; when no such process runs anywhere, remove that file.'
      );
    }
    await pause(wait * (0.5 + Math.random()));
  }
  try {
    return work(inherited);
  } finally {
    if (holderOf(path) === thisWriter()) {
      unlinkSync(path);
    }
  }
}

function taken(path: string): boolean {
  try {
    symlinkSync(thisWriter(), path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

function holderOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function isDead(path: string, holder: string): boolean {
  const alive = isAlive(holder);
  if (alive !== null) {
    return !alive;
  }
  const since = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return since !== undefined && Date.now() - since > FOREIGN_MS;
}

/** Of several that find a dead holder each removes its link only: they take turns, and look again at whose it is. */
function remove(path: string, holder: string): Promise<void> {
  const script = 'if [ "$(readlink "$1")" = "$2" ]; then rm -f "$1"; fi';
  return new Promise((settle, fail) =>
    execFile('flock', ['--exclusive', '--timeout', '5', `${path}.break`, 'sh', '-c', script, 'sh', path, holder], error =>
      error
        ? fail(
            new VeilError(
              'busy',
              `A process that was killed left its lock on the ledger (${path}), and flock could not be run.`,
              'Install util-linux, or remove that file when no Veilbook runs.'
            )
          )
        : settle()
    )
  );
}
