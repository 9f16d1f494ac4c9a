/**
 * npm start                 sets up, runs the demo notebook once, opens JupyterLab on it.
 * npm start -- --headless   sets up, runs the demo notebook, prints what it found, exits.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment, fail, root, setUp, venv } from './set-up.mjs';

const headless = process.argv.includes('--headless');
const unknown = process.argv.slice(2).find(argument => argument !== '--headless');
if (unknown) {
  fail(`npm start knows no option ${unknown}. Use: npm start, or npm start -- --headless`);
}

const line = (label, text) => process.stdout.write(`  ${label.padEnd(15)} ${text}\n`);
const started = Date.now();
const { worked, node } = setUp(step => line('setting up', step));
line(
  'set up',
  `node ${node.slice(1)}, python packages, builds: ${worked ? `done in ${Math.round((Date.now() - started) / 1000)} s` : 'nothing to do'}`
);

// A runtime folder of its own: what is started here is found, and stopped, here.
const runtime = join(root, '.cache', 'runtime');
mkdirSync(runtime, { recursive: true, mode: 0o700 });
const env = environment({ JUPYTER_RUNTIME_DIR: runtime });
const jupyter = join(venv, 'bin', 'jupyter');
const notebook = 'image-demo.ipynb';

/** What the notebook prints in the cells tagged `summary`, one line per photograph and mode. */
function runDemo() {
  const args = ['nbconvert', '--to', 'ipynb', '--execute', '--stdout', '--log-level=ERROR', join('notebooks', notebook)];
  const { status, stdout, stderr } = spawnSync(jupyter, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) {
    stopSidecar();
    fail(`${stderr.trim().split('\n').slice(-12).join('\n')}\nThe demo notebook failed; JupyterLab was not started.`);
  }
  return JSON.parse(stdout)
    .cells.filter(cell => cell.metadata?.tags?.includes('summary'))
    .flatMap(cell => cell.outputs.filter(output => output.output_type === 'stream' && output.name === 'stdout'))
    .flatMap(output => [output.text].flat().join('').trim().split('\n'));
}

function stopSidecar() {
  spawnSync('node', [join('veilbook', 'node', 'cli.mjs'), 'sidecar', 'stop'], { cwd: root, env, stdio: 'ignore' });
}

if (headless || worked) {
  for (const found of runDemo()) {
    line('demo notebook', found);
  }
}
if (headless) {
  stopSidecar();
  process.exit(0);
}

const args = ['lab', join('notebooks', notebook), '--ServerApp.answer_yes=True', '--ServerApp.log_level=WARN'];
if (process.getuid?.() === 0) {
  args.push('--allow-root');
}
if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY && process.platform === 'linux') {
  args.push('--no-browser');
}
// What it says goes to a file: the one line a person needs stands below, and it must not drown.
const jupyterLog = join(root, '.cache', 'jupyter.log');
const log = openSync(jupyterLog, 'w', 0o600);
const lab = spawn(jupyter, args, { cwd: root, env, stdio: ['ignore', log, log] });
lab.on('error', error => fail(`JupyterLab did not start: ${error.message}. Remove .venv and run npm start again.`));
lab.on('exit', code => {
  stopSidecar();
  if (code) {
    const last = readFileSync(jupyterLog, 'utf8').trim().split('\n').slice(-12).join('\n');
    fail(`${last}\nJupyterLab ended with exit code ${code}. The whole log: .cache/jupyter.log`);
  }
  process.exit(0);
});
// Ctrl-C reaches JupyterLab too; this process stays until it has ended, to stop what it left.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => lab.kill('SIGTERM'));

/** Where the server listens: it writes a file with its URL and token once it does. */
function address() {
  const file = join(runtime, `jpserver-${lab.pid}.json`);
  if (!existsSync(file)) {
    return undefined;
  }
  const { url, token } = JSON.parse(readFileSync(file, 'utf8'));
  return `${url}lab/tree/notebooks/${notebook}?token=${token}`;
}
const waiting = setInterval(() => {
  const url = address();
  if (url) {
    clearInterval(waiting);
    line('JupyterLab', url);
    line('', 'Ctrl-C ends it and leaves nothing running; its log: .cache/jupyter.log');
  }
}, 200);
