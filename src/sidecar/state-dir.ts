import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { VeilError } from '../protocol';

/** The files of a state directory; each is readable by its owner alone. */
export interface StatePaths {
  dir: string;
  /** Held with flock(2) while a sidecar is being started. */
  lock: string;
  connection: string;
  log: string;
  defaults: string;
}

export function statePaths(dir: string): StatePaths {
  return {
    dir,
    lock: join(dir, 'lock'),
    connection: join(dir, 'sidecar.json'),
    log: join(dir, 'log'),
    defaults: join(dir, 'defaults.json')
  };
}

/**
 * Where the state lies: `$VEILBOOK_STATE_DIR`, else `veilbook` in Jupyter's runtime directory by the
 * rule of `jupyter_core.paths.jupyter_runtime_dir`, which the Python launcher calls.
 */
export function resolveStateDir(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  return env.VEILBOOK_STATE_DIR
    ? resolve(env.VEILBOOK_STATE_DIR.replace(/^~(?=\/|$)/, () => homeDir(env)))
    : join(jupyterRuntimeDir(env, platform), 'veilbook');
}

function jupyterRuntimeDir(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (env.JUPYTER_RUNTIME_DIR) {
    return resolve(env.JUPYTER_RUNTIME_DIR);
  }
  if (env.JUPYTER_DATA_DIR) {
    return resolve(env.JUPYTER_DATA_DIR, 'runtime');
  }
  if (platform === 'darwin') {
    return join(homeDir(env), 'Library', 'Jupyter', 'runtime');
  }
  return join(env.XDG_DATA_HOME || join(homeDir(env), '.local', 'share'), 'jupyter', 'runtime');
}

function homeDir(env: NodeJS.ProcessEnv): string {
  const home = env.HOME || homedir();
  try {
    return realpathSync(home);
  } catch {
    return home;
  }
}

/**
 * Make the directory (0700) or check that it is ours alone.
 * @throws VeilError `sidecar_unavailable` when it belongs to somebody else or others may enter it.
 */
export function openPrivateDir(dir: string): void {
  try {
    makeDirs(dir);
  } catch (error) {
    throw new VeilError(
      'sidecar_unavailable',
      `${dir} cannot be made (${(error as NodeJS.ErrnoException).code}). Nothing was started.`,
      'Set VEILBOOK_STATE_DIR to a directory of your own.'
    );
  }
  const { uid, mode } = statSync(dir);
  const self = process.geteuid?.() ?? uid;
  if (uid !== self) {
    throw new VeilError(
      'sidecar_unavailable',
      `${dir} belongs to user ${uid}, not to you (${self}). Nothing was started.`,
      'Set VEILBOOK_STATE_DIR to a directory of your own.'
    );
  }
  if ((mode & 0o077) !== 0) {
    throw new VeilError(
      'sidecar_unavailable',
      `${dir} is open to other users (mode ${(mode & 0o777).toString(8)}). Nothing was started.`,
      `Close it: chmod 700 ${dir}`
    );
  }
}

/** Not mkdirSync's own `recursive`: it never returns where the kernel answers ENOENT to mkdir, as in /proc. */
function makeDirs(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(dir).isDirectory()) {
      return;
    }
    if (code !== 'ENOENT' || dirname(dir) === dir) {
      throw error;
    }
    makeDirs(dirname(dir));
    mkdirSync(dir, { mode: 0o700 });
  }
}
