import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PROTOCOL, VeilError, type ConnectionFile, type Hello } from '../protocol';
import { callSidecar, getJson } from './client';
import { readConnection } from './connection-file';
import { withLock } from './lock';
import { readLog } from './log';
import { DRAIN_MS } from './settings';
import { removeIfThere } from './socket-path';
import { openPrivateDir, statePaths, type StatePaths } from './state-dir';

const START_SECONDS = 30;
const HELLO_MS = 3000;
const POLL_MS = 25;

type Found = { state: 'running'; connection: ConnectionFile } | { state: 'other-protocol'; connection: ConnectionFile } | null;

/** The running sidecar of this state directory; null when there is none that answers. Starts nothing. */
export async function findRunning(stateDir: string): Promise<ConnectionFile | null> {
  const found = await find(statePaths(stateDir));
  return found?.state === 'running' ? found.connection : null;
}

/**
 * The running sidecar, started when there is none. Any number of callers, in Node or Python, end up with the same one.
 * Only the protocol number decides whether a running one will do; a package version never does.
 * @throws VeilError `sidecar_unavailable` with the last lines of the log.
 */
export async function ensureRunning(stateDir: string): Promise<ConnectionFile> {
  openPrivateDir(stateDir);
  const paths = statePaths(stateDir);
  return (await findRunning(stateDir)) ?? withLock(paths.lock, START_SECONDS, () => startUnlessRunning(paths));
}

async function startUnlessRunning(paths: StatePaths): Promise<ConnectionFile> {
  const found = await find(paths);
  if (found?.state === 'running') {
    return found.connection;
  }
  if (found?.state === 'other-protocol') {
    // It finishes its requests beside the new one: each has a socket of its own.
    await callSidecar(found.connection, { method: 'POST', path: '/v1/stop' });
  }
  removeIfThere(paths.connection);
  return waitUntilReady(spawnSidecar(paths), paths);
}

/** A file alone proves nothing: the process behind it must answer and be the one that the file names. */
async function find(paths: StatePaths): Promise<Found> {
  const connection = readConnection(paths.connection);
  if (!connection) {
    return null;
  }
  try {
    const hello = await getJson<Hello>(connection, '/v1/hello', HELLO_MS);
    if (hello.instance !== connection.instance) {
      return null;
    }
    return { state: hello.protocol === PROTOCOL ? 'running' : 'other-protocol', connection };
  } catch {
    return null;
  }
}

/** In a session of its own, so that an interrupt of the terminal or the kernel does not reach it. */
function spawnSidecar(paths: StatePaths): ChildProcess {
  const log = openSync(paths.log, 'a', 0o600);
  const child = spawn(process.execPath, [sidecarFile(), '--state-dir', paths.dir], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/'
  });
  closeSync(log);
  child.unref();
  return child;
}

/** The built sidecar lies beside this file's bundle; sources (under jest) use the one that was built last. */
function sidecarFile(): string {
  const beside = join(__dirname, 'sidecar.mjs');
  return existsSync(beside) ? beside : join(__dirname, '..', '..', 'veilbook', 'node', 'sidecar.mjs');
}

async function waitUntilReady(child: ChildProcess, paths: StatePaths): Promise<ConnectionFile> {
  let failure: string | null = null;
  child.once('error', error => (failure = error.message));
  child.once('exit', (code, signal) => (failure = `it ended with ${signal ?? `exit code ${code}`}`));
  for (const deadline = Date.now() + START_SECONDS * 1000; Date.now() < deadline; await delay(POLL_MS)) {
    const found = await find(paths);
    if (found?.state === 'running') {
      return found.connection;
    }
    if (failure) {
      throw notStarted(failure, paths);
    }
  }
  child.kill('SIGKILL');
  throw notStarted(`it did not answer in ${START_SECONDS} s`, paths);
}

function notStarted(why: string, paths: StatePaths): VeilError {
  const lines = readLog(paths.log, 5);
  const log = lines.length > 0 ? ` Its last words: ${lines.join(' | ')}.` : '';
  const remedy =
    lines.length > 0
      ? `The log is ${paths.log}.`
      : `It wrote no log: make room in ${paths.dir}, or set VEILBOOK_STATE_DIR to another.`;
  return new VeilError('sidecar_unavailable', `The sidecar could not be started: ${why}.${log}`, remedy);
}

/**
 * Ask the sidecar to stop and wait until its process has finished what ran.
 * @throws VeilError `sidecar_unavailable` when it is still there after its own deadline.
 */
export async function stopRunning(connection: ConnectionFile): Promise<void> {
  await callSidecar(connection, { method: 'POST', path: '/v1/stop' });
  for (const deadline = Date.now() + DRAIN_MS + 10_000; isAlive(connection.pid); await delay(POLL_MS)) {
    if (Date.now() > deadline) {
      throw new VeilError(
        'sidecar_unavailable',
        `The sidecar was asked to stop, but process ${connection.pid} is still there.`,
        `End it: kill ${connection.pid}`
      );
    }
  }
}

/** An ended process that its parent has not collected (PID 1 of some containers never does) is not alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux';
  }
}
