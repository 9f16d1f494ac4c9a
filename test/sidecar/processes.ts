import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { newStateDir } from './harness';

const ROOT = join(__dirname, '..', '..');
export const NODE_FOLDER = join(ROOT, 'veilbook', 'node');
export const PYTHON = join(ROOT, '.venv', 'bin', 'python');

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Run a program to its end; never rejects. */
export function finish(file: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return new Promise(settle => {
    const child = execFile(file, args, { cwd: ROOT, env: { ...process.env, ...env } }, (_error, stdout, stderr) =>
      settle({ code: child.exitCode, stdout, stderr })
    );
  });
}

/** `veilbook …` as built. */
export function veilbook(...args: string[]): Promise<Finished> {
  return finish(process.execPath, [join(NODE_FOLDER, 'cli.mjs'), ...args]);
}

/** Run a test body on a state directory of its own and stop whatever was started there. */
export async function withStateDir(body: (stateDir: string) => Promise<void>): Promise<void> {
  const stateDir = newStateDir();
  try {
    await body(stateDir);
  } finally {
    await veilbook('sidecar', 'stop', '--state-dir', stateDir);
  }
}
