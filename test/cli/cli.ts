import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(__dirname, '..', '..');
const cli = join(root, 'veilbook', 'node', 'cli.mjs');

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Run the built command line as users do.
 * @param options Ctrl-C comes when stdout (`interruptWhen`) or stderr (`interruptWhenTold`) holds this
 */
export function veilbook(
  args: string[],
  options: { env?: NodeJS.ProcessEnv; stdout?: number; interruptWhen?: RegExp; interruptWhenTold?: RegExp } = {}
): Promise<Ran> {
  if (!existsSync(cli)) {
    throw new Error('veilbook/node/cli.mjs is not built: npm run build:node');
  }
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [cli, ...args], {
      // Not what jest.config.cjs sets for sessions of its own.
      env: { ...process.env, ORT_DISABLE_TELEMETRY: undefined, ...options.env },
      stdio: ['ignore', options.stdout ?? 'pipe', 'pipe']
    });
    let stdout = '';
    let stderr = '';
    let interrupted = false;
    child.stdout?.on('data', chunk => {
      stdout += chunk;
      if (!interrupted && options.interruptWhen?.test(stdout)) {
        interrupted = child.kill('SIGINT');
      }
    });
    child.stderr?.on('data', chunk => {
      stderr += chunk;
      if (!interrupted && options.interruptWhenTold?.test(stderr)) {
        interrupted = child.kill('SIGINT');
      }
    });
    child.on('error', fail);
    child.on('close', code => done({ code, stdout, stderr }));
  });
}
