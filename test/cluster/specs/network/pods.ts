/** Pods of specs about what may leave: recorders, a model server that records, and notebooks that try ways around a policy. */
import { type V1Pod, type V1PodSpec } from '@kubernetes/client-node';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inContainer } from '../jupyter';
import { administrator, clients, until, workspaceImage } from '../support';

const core = () => clients(administrator()).core;

/** The Python files beside this one, for pods to mount at /scripts. */
export async function makeScripts(namespace: string): Promise<void> {
  const names = readdirSync(__dirname).filter(name => name.endsWith('.py'));
  const data = Object.fromEntries(names.map(name => [name, readFileSync(join(__dirname, name), 'utf8')]));
  await makeFiles(namespace, 'scripts', data);
}

export async function makeFiles(namespace: string, name: string, data: Record<string, string>): Promise<void> {
  await core().createNamespacedConfigMap({ namespace, body: { metadata: { name }, data } });
}

export interface Mounts {
  /** ConfigMap by the folder that it is mounted at, read-only. */
  files?: Record<string, string>;
  /** Claim by the folder that it is mounted at. */
  claims?: Record<string, string>;
  /** Folders among those that the pod may only read. */
  readOnly?: string[];
}

/** A pod of one container of the workspace's image. */
export async function makePod(
  namespace: string,
  name: string,
  command: string[],
  { files = {}, claims = {}, readOnly = [] }: Mounts = {},
  more: { labels?: Record<string, string>; env?: Record<string, string>; spec?: Partial<V1PodSpec>; root?: boolean } = {}
): Promise<void> {
  const volumes = [
    ...Object.values({ '/scripts': 'scripts', ...files }).map(from => ({ name: from, configMap: { name: from } })),
    ...Object.values(claims).map(from => ({ name: from, persistentVolumeClaim: { claimName: from } }))
  ];
  const volumeMounts = [
    ...Object.entries({ '/scripts': 'scripts', ...files }).map(([mountPath, from]) => ({
      name: from,
      mountPath,
      readOnly: true
    })),
    ...Object.entries(claims).map(([mountPath, from]) => ({ name: from, mountPath, readOnly: readOnly.includes(mountPath) }))
  ];
  const body: V1Pod = {
    metadata: { name, labels: more.labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: workspaceImage,
          imagePullPolicy: 'Never',
          command,
          env: Object.entries(more.env ?? {}).map(([key, value]) => ({ name: key, value })),
          ...(more.root && { securityContext: { runAsUser: 0 } }),
          volumeMounts
        }
      ],
      volumes,
      ...more.spec
    }
  };
  await core().createNamespacedPod({ namespace, body });
}

/** The address of a pod that runs, once its log has a line. */
export const addressOnce = (namespace: string, name: string, line: RegExp): Promise<string> =>
  until(
    `pod ${name} says ${line.source}`,
    async () => {
      const pod = await core().readNamespacedPod({ namespace, name });
      const runs = pod.status?.phase === 'Running' && pod.status.containerStatuses?.[0].state?.running;
      return Boolean(runs) && line.test(await core().readNamespacedPodLog({ namespace, name })) && pod.status?.podIP;
    },
    300
  );

export const inMain = (namespace: string, pod: string, ...command: string[]): Promise<string> =>
  inContainer(namespace, pod, 'main', command);

async function linesOf(namespace: string, pod: string, word: string): Promise<string[]> {
  const log = await core().readNamespacedPodLog({ namespace, name: pod });
  return log.split('\n').flatMap(line => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
}
/** Names of the tokens that a recorder was reached by. */
export const seenBy = (namespace: string, pod: string): Promise<string[]> => linesOf(namespace, pod, 'seen');
/** SHA-256 of each tensor that a model server was sent. */
export const tensorsOf = (namespace: string, pod: string): Promise<string[]> => linesOf(namespace, pod, 'tensor');

/** Run cells in a kernel of the pod; `where` is for the ways. Returns the JSON that the cells wrote to /tmp/NAME.json. */
export async function inKernel<T>(namespace: string, pod: string, where: object, cells: string[], name: string): Promise<T> {
  const kernelspec = { name: 'python3', display_name: 'Python 3', language: 'python' };
  const notebook = {
    nbformat: 4,
    nbformat_minor: 4,
    metadata: { kernelspec },
    cells: cells.map(source => ({ cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null }))
  };
  const line = 'cd /tmp && rm -f "$2" && printf %s "$0" > ways.ipynb && WHERE="$1" jupyter execute ways.ipynb >&2 && cat "$2"';
  const file = `/tmp/${name}.json`;
  return JSON.parse(await inMain(namespace, pod, 'sh', '-c', line, JSON.stringify(notebook), JSON.stringify(where), file)) as T;
}

/** Try ways of some groups in a kernel of the pod; what became of each, by its name. */
export const tryWays = (namespace: string, pod: string, where: object, ...groups: string[]): Promise<Record<string, string>> =>
  inKernel(namespace, pod, where, [`%run /scripts/attempts.py ${groups.join(' ')} /tmp/ways.json`], 'ways');
