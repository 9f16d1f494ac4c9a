/**
 * Brings a fresh checkout to a working one: node packages, a Python environment, the builds, the
 * links into JupyterLab. Each step is skipped while what it depends on has not changed.
 * Runs on the machine's own Node (18 or newer); everything after it runs on the pinned Node 22.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const venv = join(root, '.venv');
const stamps = join(root, '.cache', 'set-up.json');
const setUpLog = join(root, '.cache', 'set-up.log');

/** Environment in which the pinned Node and the Python environment come first. */
export function environment(extra = {}) {
  const path = [join(root, 'node_modules', '.bin'), join(venv, 'bin'), process.env.PATH].join(':');
  return { ...process.env, PATH: path, VIRTUAL_ENV: venv, ...extra };
}

/** A person gets one line and an exit code, never a stack trace. */
export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    env: environment(),
    encoding: 'utf8',
    maxBuffer: 1 << 28
  });
  writeFileSync(setUpLog, `$ ${command} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}\n`, { flag: 'a' });
  if (error || status !== 0) {
    const last = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
    fail(
      `${last}\n${command} ${args[0] ?? ''} failed${error ? `: ${error.message}` : ` with exit code ${status}`}. The whole log: .cache/set-up.log`
    );
  }
}

function* filesBelow(path) {
  if (!existsSync(join(root, path))) {
    return;
  }
  if (statSync(join(root, path)).isFile()) {
    yield path;
    return;
  }
  for (const name of readdirSync(join(root, path)).sort()) {
    yield* filesBelow(join(path, name));
  }
}

function digest(paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(entry => [...filesBelow(entry)])) {
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

/** The first Python >= 3.10 that can make virtual environments. */
function findPython() {
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', '/usr/bin/python3']) {
    const probe = spawnSync(name, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))']);
    if (probe.status === 0) {
      return name;
    }
  }
  return fail('No Python >= 3.10 with the venv module was found. Nothing was installed. On Debian: apt-get install python3-venv');
}

const steps = [
  {
    name: 'node packages',
    inputs: ['package-lock.json', '.npmrc'],
    made: ['node_modules/.bin/node', 'node_modules/onnxruntime-node'],
    make: () => run('npm', ['ci', '--no-audit', '--no-fund'])
  },
  {
    name: 'sidecar and CLI',
    inputs: ['src', 'assembly', 'scripts/build-node.mjs', 'package-lock.json'],
    made: ['veilbook/node/cli.mjs', 'veilbook/node/sidecar.mjs', 'veilbook/node/kernels.wasm'],
    make: () => run('npm', ['run', '--silent', 'build:node'])
  },
  {
    name: 'JupyterLab extension',
    inputs: ['src', 'style', 'schema', 'package.json', 'tsconfig.base.json', 'tsconfig.lab.json'],
    made: ['veilbook/labextension/package.json'],
    make: () => {
      run('npm', ['run', '--silent', 'build:lib']);
      run('npm', ['run', '--silent', 'build:labextension']);
    }
  },
  {
    name: 'python packages',
    inputs: ['pyproject.toml', 'install.json', 'jupyter-config'],
    made: ['.venv/bin/jupyter', '.venv/share/jupyter/labextensions/veilbook'],
    make: () => {
      if (!existsSync(join(venv, 'bin', 'python'))) {
        run(findPython(), ['-m', 'venv', venv]);
      }
      run(join(venv, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--editable', '.[demo,test]']);
      run(join(venv, 'bin', 'jupyter'), ['labextension', 'develop', '--overwrite', '.']);
      run(join(venv, 'bin', 'jupyter'), ['server', 'extension', 'enable', '--sys-prefix', 'veilbook']);
    }
  }
];

/**
 * Do what is missing.
 * @param say called with the name of each step that has to run.
 * @returns whether anything had to be done.
 */
export function setUp(say = () => {}) {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const done = existsSync(stamps) ? JSON.parse(readFileSync(stamps, 'utf8')) : {};
  let worked = false;
  for (const { name, inputs, made, make } of steps) {
    const wanted = digest(inputs);
    if (done[name] === wanted && made.every(path => existsSync(join(root, path)))) {
      continue;
    }
    say(name);
    make();
    worked = true;
    done[name] = wanted;
    writeFileSync(stamps, JSON.stringify(done, null, 2));
  }
  const version = execFileSync(join(root, 'node_modules', '.bin', 'node'), ['--version'], { encoding: 'utf8' }).trim();
  return { worked, node: version };
}
