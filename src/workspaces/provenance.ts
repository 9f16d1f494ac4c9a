import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Snapshot } from '../protocol';

const TIMEOUT_MS = 10_000;
/** A repository may name programs for git to run; looking at it must not run them. */
const HARMLESS = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

/** The commit that the workspace is on, and whether it differs from it; null where there is no repository or no git. */
export async function gitOf(dir: string): Promise<Snapshot['git']> {
  if (!isBelowRepository(dir)) {
    return null;
  }
  const git = async (...args: string[]) => {
    const options = {
      cwd: dir,
      timeout: TIMEOUT_MS,
      maxBuffer: 64 << 20,
      env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' }
    };
    return (await promisify(execFile)('git', [...HARMLESS, ...args], options)).stdout.trim();
  };
  try {
    const commit = await git('rev-parse', '--verify', 'HEAD');
    const branch = await git('symbolic-ref', '--short', '-q', 'HEAD').catch(() => null);
    const dirty = (await git('status', '--porcelain', '--untracked-files=normal')) !== '';
    return { commit, branch, dirty };
  } catch {
    return null;
  }
}

function isBelowRepository(dir: string): boolean {
  return existsSync(join(dir, '.git')) || (dirname(dir) !== dir && isBelowRepository(dirname(dir)));
}

/** @returns null for a file that cannot be read */
export async function sha256Of(path: Buffer): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk as Buffer);
    }
    return hash.digest('hex');
  } catch {
    return null;
  }
}
