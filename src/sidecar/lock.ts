import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { VeilError } from '../protocol';

/**
 * Hold flock(2) on the file while `work` runs: the same lock as Python's fcntl.flock. Node has no call for it, so
 * util-linux's `flock` holds it in a child that ends with its standard input, also when this process is killed.
 * @throws VeilError `sidecar_unavailable` when somebody else holds it for longer than the wait, or there is no `flock`.
 */
export async function withLock<T>(path: string, waitSeconds: number, work: () => Promise<T>): Promise<T> {
  closeSync(openSync(path, 'a', 0o600));
  const holder = spawn('flock', ['--exclusive', '--timeout', String(waitSeconds), path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore']
  });
  await new Promise<void>((settle, fail) => {
    holder.once('error', () =>
      fail(
        new VeilError(
          'sidecar_unavailable',
          'The program flock is not on PATH, so two starters could not be told apart. Nothing was started.',
          'Install util-linux.'
        )
      )
    );
    holder.stdout.once('data', () => settle());
    holder.once('exit', () =>
      fail(
        new VeilError(
          'sidecar_unavailable',
          `Another process has been starting the sidecar for ${waitSeconds} s. Nothing was started.`,
          'Try again; veilbook sidecar log shows what it does.'
        )
      )
    );
  });
  try {
    return await work();
  } finally {
    holder.stdin.end();
  }
}
