/** A JupyterLab on this machine, of the virtual environment of the checkout, whose kubeconfig names one namespace of the cluster. */
import { KubernetesObjectApi, type KubeConfig, type KubernetesObject } from '@kubernetes/client-node';
import { spawn, execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { veilbookTells } from './evaluations';
import { administrator, asServiceAccount, until } from './support';

const root = resolve(__dirname, '../../..');
const bin = join(root, '.venv', 'bin');

/** Whether there is such an environment: `npm start` makes it. */
export const hasLab = existsSync(join(bin, 'jupyter'));

export interface LocalLab {
  url: string;
  /** What its file browser shows. */
  folder: string;
  /** Run every cell of a notebook of that folder in a kernel of its own, and keep what it gave. */
  execute(notebook: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param config what its kubeconfig says */
export async function startLab(config: KubeConfig, namespace: string): Promise<LocalLab> {
  const home = mkdtempSync(join(tmpdir(), 'veil-lab-'));
  const inside = (name: string) => {
    mkdirSync(join(home, name), { recursive: true, mode: 0o700 });
    return join(home, name);
  };
  const [folder, kubeconfig] = [inside('work'), join(home, 'kubeconfig')];
  writeFileSync(kubeconfig, inNamespace(config, namespace), { mode: 0o600 });
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    PYTHONPATH: root,
    KUBECONFIG: kubeconfig,
    VEILBOOK_STATE_DIR: inside('state'),
    XDG_DATA_HOME: inside('share'),
    JUPYTER_RUNTIME_DIR: inside('runtime'),
    JUPYTER_CONFIG_DIR: inside('config'),
    JUPYTER_DATA_DIR: inside('data'),
    JUPYTERLAB_SETTINGS_DIR: inside('settings'),
    IPYTHONDIR: inside('ipython')
  };
  const url = `http://127.0.0.1:${await freePort()}`;
  const options = [
    '--no-browser',
    '--allow-root',
    '--IdentityProvider.token=',
    '--LabApp.expose_app_in_browser=True',
    `--ServerApp.port=${new URL(url).port}`,
    '--ServerApp.port_retries=0',
    `--ServerApp.root_dir=${folder}`
  ];
  const server = spawn(join(bin, 'jupyter'), ['lab', ...options], { cwd: folder, env, stdio: 'ignore' });
  const ended = new Promise<void>(done => server.once('exit', () => done()));
  const stop = async () => {
    await promisify(execFile)(join(bin, 'veilbook'), ['sidecar', 'stop'], { env }).catch(() => undefined);
    server.kill('SIGTERM');
    await ended;
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  await until('JupyterLab answers', async () => (await fetch(`${url}/api`).catch(() => null))?.ok, 120);
  return {
    url,
    folder,
    stop,
    execute: async notebook => {
      await promisify(execFile)(join(bin, 'jupyter'), ['execute', '--inplace', notebook], { cwd: folder, env });
    }
  };
}

/** The same cluster for a service account that may do what `veilbook rbac --jobs` prints, and nothing else. */
export async function asJobSubmitter(namespace: string): Promise<KubeConfig> {
  const config = await asServiceAccount(namespace, 'submitter');
  const flags = ['--jobs', '--namespace', namespace, '--service-account', 'submitter'];
  const { items } = await veilbookTells<{ items: KubernetesObject[] }>('rbac', ...flags);
  const api = KubernetesObjectApi.makeApiClient(administrator());
  for (const item of items) {
    await api.create(item);
  }
  return config;
}

function inNamespace(config: KubeConfig, namespace: string): string {
  const written = JSON.parse(config.exportConfig()) as { contexts: { context: { namespace?: string } }[] };
  written.contexts.forEach(({ context }) => (context.namespace = namespace));
  return JSON.stringify(written);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise(done => server.close(done));
  return port;
}
