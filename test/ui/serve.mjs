/**
 * Starts JupyterLab for the browser tests: on a copy of notebooks/, with state, settings and runtime folders of its own.
 * On SIGTERM it ends JupyterLab, the sidecar that the tests started, and removes the folder.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');
const port = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), 'veilbook-ui-'));
const inside = name => {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
};
const work = inside('work');
const state = inside('state');
cpSync(join(root, 'notebooks'), work, { recursive: true, filter: path => !path.includes('.ipynb_checkpoints') });

const lab = spawn(
  join(root, '.venv', 'bin', 'jupyter'),
  ['lab', '--no-browser', `--config=${join(import.meta.dirname, 'jupyter_server_test_config.py')}`],
  {
    cwd: work,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      PATH: `${join(root, '.venv', 'bin')}:${process.env.PATH}`,
      VEILBOOK_UI_PORT: port,
      VEILBOOK_STATE_DIR: state,
      XDG_DATA_HOME: inside('share'),
      JUPYTERLAB_GALATA_ROOT_DIR: work,
      JUPYTER_RUNTIME_DIR: inside('runtime'),
      JUPYTER_CONFIG_DIR: inside('config'),
      JUPYTER_DATA_DIR: inside('data'),
      JUPYTERLAB_SETTINGS_DIR: inside('settings'),
      IPYTHONDIR: inside('ipython')
    }
  }
);

function stopSidecar() {
  const file = join(state, 'sidecar.json');
  if (!existsSync(file)) {
    return;
  }
  try {
    process.kill(JSON.parse(readFileSync(file, 'utf8')).pid, 'SIGTERM');
  } catch {
    // It has gone by itself.
  }
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => lab.kill('SIGTERM'));
}
lab.on('exit', code => {
  stopSidecar();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  process.exit(code ?? 0);
});
