/** Programs that specs run against the cluster: the NetApp toolkit's command line, and ours. */
import { KubernetesObjectApi, type KubernetesObject } from '@kubernetes/client-node';
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { administrator, describeAt, type Level } from './support';

const kubeconfig = process.env.VEILBOOK_TEST_KUBECONFIG ?? '';
const toolkitFolder = process.env.VEILBOOK_TEST_TOOLKIT ?? '';
const root = resolve(__dirname, '../../..');

/** `describeAt`, skipped also where the toolkit could not be installed. */
export function describeWithToolkit(level: Level, name: string, body: () => void): void {
  if (toolkitFolder === '') {
    describe.skip(`${name} (with the NetApp toolkit)`, body);
  } else {
    describeAt(level, name, body);
  }
}

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

function run(command: string, args: readonly string[], typed = ''): Promise<Ran> {
  return new Promise((done, fail) => {
    // Without a terminal of its own the toolkit reads the password from what is typed here.
    const child = spawn(command, args, { detached: true, env: { ...process.env, KUBECONFIG: kubeconfig } });
    const limit = setTimeout(() => child.kill('SIGKILL'), 400_000);
    const ran: Ran = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', chunk => (ran.stdout += chunk));
    child.stderr.on('data', chunk => (ran.stderr += chunk));
    child.on('error', fail);
    child.on('close', code => {
      clearTimeout(limit);
      done({ ...ran, code });
    });
    child.stdin.end(typed);
  });
}

/** Run the toolkit; returns what it printed. It speaks on stderr, and its exit code is 0 also after some errors. */
export async function toolkit(namespace: string, words: string, password = ''): Promise<string> {
  const program = join(toolkitFolder, 'bin', 'netapp_dataops_k8s_cli.py');
  const args = [program, ...words.split(' '), `--namespace=${namespace}`];
  const { code, stdout, stderr } = await run(join(toolkitFolder, 'bin', 'python'), args, `${password}\n${password}\n`);
  if (code !== 0) {
    throw new Error(`toolkit ${words}: exit code ${code}\n${stdout}${stderr}`);
  }
  return stdout + stderr;
}

/** The rows of one of its lists, by column. */
export async function toolkitList(namespace: string, what: string): Promise<Record<string, string>[]> {
  const lines = (await toolkit(namespace, `list ${what}`)).split('\n');
  const ruler = lines.findIndex(line => /^-+( +-+)*$/.test(line));
  if (ruler < 0) {
    return [];
  }
  const columns = [...lines[ruler].matchAll(/-+/g)].map(({ index, 0: dashes }) => [index, index + dashes.length]);
  const cells = (line: string) => columns.map(([from, to]) => line.slice(from, to).trim());
  const names = cells(lines[ruler - 1]);
  const rows = lines.slice(ruler + 1).filter(line => line.trim() !== '');
  return rows.map(row => Object.fromEntries(cells(row).map((cell, at) => [names[at], cell])));
}

/** Run `veilbook workspace ACTION` on a workspace of the cluster; returns what it printed as JSON. */
export const veilbook = <T>(namespace: string, name: string, action: string, ...args: string[]): Promise<T> =>
  ours('workspace', action, ...args, `--name=${name}`, `--namespace=${namespace}`);

/** Run our command line as somebody does, whatever comes of it. */
export const veilbookRuns = (...words: string[]): Promise<Ran> =>
  run(process.execPath, [join(root, 'veilbook', 'node', 'cli.mjs'), ...words]);

/** The same with something typed to it. */
export const veilbookReads = (typed: string, ...words: string[]): Promise<Ran> =>
  run(process.execPath, [join(root, 'veilbook', 'node', 'cli.mjs'), ...words], `${typed}\n`);

async function ours<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await veilbookRuns(...args, '--json');
  if (code !== 0) {
    throw new Error(`veilbook ${args.join(' ')}: exit code ${code}\n${stderr}`);
  }
  return JSON.parse(stdout) as T;
}

/** Give the default service account of a namespace what `veilbook rbac` prints. */
export async function grantVeilbook(namespace: string): Promise<void> {
  const { items } = await ours<{ items: KubernetesObject[] }>('rbac', `--namespace=${namespace}`, '--classes');
  const api = KubernetesObjectApi.makeApiClient(administrator());
  for (const item of items) {
    await api.create(item);
  }
}
