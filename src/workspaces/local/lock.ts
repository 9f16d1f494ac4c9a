import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { VeilError } from '../../protocol';

export type Release = () => Promise<void>;

/**
 * flock(2) on a file until `release` is called or this process ends, however it ends. Node has no call for it, so
 * util-linux's `flock` holds it in a child that ends with its standard input.
 * @returns null when somebody else holds it for longer than the wait
 * @throws VeilError `output_unwritable` where there is no `flock`
 */
export async function lock(path: string, waitSeconds: number): Promise<Release | null> {
  closeSync(openSync(path, 'a', 0o600));
  // A session of its own: Ctrl-C in the terminal must not end it before this process has cleaned up.
  const holder = spawn('flock', ['--exclusive', '--timeout', String(waitSeconds), path, 'sh', '-c', 'echo held; read end'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true
  });
  const ended = new Promise<void>(settle => holder.once('close', () => settle()));
  const held = await new Promise<boolean>((settle, fail) => {
    holder.once('error', () =>
      fail(
        new VeilError(
          'output_unwritable',
          'The program flock is not on PATH, so two users of a workspace could not be told apart. Nothing was changed.',
          'Install util-linux.'
        )
      )
    );
    holder.stdout.once('data', () => settle(true));
    holder.once('exit', () => settle(false));
  });
  if (!held) {
    return null;
  }
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
