/** A workspace whose JupyterLab runs in a pod: its objects as the NetApp toolkit makes them, its API, and commands in its container. */
import { AppsV1Api, Exec, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { createHash } from 'node:crypto';
import { Writable } from 'node:stream';
import { administrator, clients, until, workspaceImage } from './support';

export const password = 'open sesame';
export const prefix = 'ntap-dsutil-jupyterlab-';

export interface Pod {
  /** Its requests may ask the cluster as this one; none else. */
  serviceAccountName?: string;
  /** What its container asks for, and may use. */
  resources?: Record<string, string>;
}

/** Claim, Service and Deployment as `create jupyterlab --no-https` makes them. */
export async function makeWorkspace(namespace: string, name: string, { resources, ...pod }: Pod = {}): Promise<void> {
  const config = administrator();
  const { core } = clients(config);
  const whole = `${prefix}${name}`;
  const labels = {
    app: whole,
    'created-by': 'ntap-dsutil',
    'entity-type': 'jupyterlab-workspace',
    'created-by-operation': 'create-jupyterlab',
    'jupyterlab-workspace-name': name
  };
  const metadata = { name: whole, labels };
  await core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: { metadata, spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '64Mi' } } } }
  });
  const ports = [{ name: 'http', port: 8888, targetPort: 8888, protocol: 'TCP' }];
  await core.createNamespacedService({
    namespace,
    body: { metadata, spec: { type: 'NodePort', selector: { app: whole }, ports } }
  });
  const command = ['jupyter', 'lab', `--LabApp.password=${hashed(password)}`, "--LabApp.ip='0.0.0.0'", '--no-browser'];
  const containers = [
    {
      name: 'jupyterlab',
      image: workspaceImage,
      imagePullPolicy: 'Never',
      command: [...command, '--notebook-dir=/workspace'],
      ports: [{ containerPort: 8888 }],
      resources: { requests: resources, limits: resources },
      volumeMounts: [{ name: 'workspace', mountPath: '/workspace' }]
    }
  ];
  const initContainers = [
    {
      name: 'init-jupyterlab',
      image: workspaceImage,
      imagePullPolicy: 'Never',
      command: ['/bin/bash', '-c', 'cp -au /workspace/. /vol/ || true'],
      volumeMounts: [{ name: 'workspace', mountPath: '/vol' }]
    }
  ];
  const volumes = [{ name: 'workspace', persistentVolumeClaim: { claimName: whole } }];
  await config.makeApiClient(AppsV1Api).createNamespacedDeployment({
    namespace,
    body: {
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: whole } },
        template: { metadata: { labels }, spec: { ...pod, volumes, initContainers, containers } }
      }
    }
  });
}

/** A password as Jupyter Server also takes it, without argon2. */
function hashed(plain: string): string {
  const salt = '5a17';
  return `sha256:${salt}:${createHash('sha256').update(`${plain}${salt}`).digest('hex')}`;
}

/** The name of a workspace's one running pod that is not on its way out. */
export async function runningPod(namespace: string, name: string): Promise<string> {
  const { core } = clients(administrator());
  return until(`a pod of ${name} runs`, async () => {
    const labelSelector = `app=${prefix}${name}`;
    const { items } = await core.listNamespacedPod({ namespace, labelSelector });
    const running = items.filter(({ metadata, status }) => !metadata?.deletionTimestamp && status?.phase === 'Running');
    return running.length === 1 && running[0].metadata?.name;
  });
}

/** Run a command in the workspace's container; returns what it printed. Fails with its words when it fails. */
export async function inPod(namespace: string, name: string, ...command: string[]): Promise<string> {
  return inContainer(namespace, await runningPod(namespace, name), 'jupyterlab', command);
}

/** Run a command in any container. */
export async function inContainer(namespace: string, pod: string, container: string, command: string[]): Promise<string> {
  const printed = { stdout: '', stderr: '' };
  const into = (which: keyof typeof printed) =>
    new Writable({
      write(chunk: Buffer, _encoding, next) {
        printed[which] += chunk.toString();
        next();
      }
    });
  await new Promise<void>((done, fail) => {
    const ended = ({ status, message }: { status?: string; message?: string }) =>
      status === 'Success' ? done() : fail(new Error(`${command.join(' ')}: ${message}\n${printed.stderr}${printed.stdout}`));
    new Exec(administrator())
      .exec(namespace, pod, container, command, into('stdout'), into('stderr'), null, false, ended)
      .catch(fail);
  });
  return printed.stdout.trim();
}

/** A hash over names and contents of a workspace's files. */
export const contentHash = (namespace: string, name: string): Promise<string> =>
  inPod(namespace, name, 'sh', '-c', 'cd /workspace; find . -type f ! -path "*/.*" -exec sha256sum {} + | sort | sha256sum');

/** Let the cluster's node say that it has so many of an extended resource, as a device plugin would. */
export async function advertise(resource: string, count: number): Promise<void> {
  const { core } = clients(administrator());
  const [node] = (await core.listNode()).items;
  const body = { status: { capacity: { [resource]: String(count) } } };
  const how = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  await core.patchNodeStatus({ name: node.metadata?.name ?? '', body }, how);
  await until(`${resource} can be asked for`, async () => {
    const [now] = (await core.listNode()).items;
    return now.status?.allocatable?.[resource] === String(count);
  });
}

/** What the workspace's Jupyter server answers, asked through the Service as somebody who logged in. */
export type Lab = <T = unknown>(method: string, path: string, body?: unknown) => Promise<T>;

/** Where the workspace's Service is reached from outside the cluster. */
export async function addressOf(namespace: string, name: string): Promise<string> {
  const service = await clients(administrator()).core.readNamespacedService({ namespace, name: `${prefix}${name}` });
  const { hostname } = new URL(administrator().getCurrentCluster()?.server ?? '');
  return `http://${hostname}:${service.spec?.ports?.[0].nodePort}`;
}

/** Log in by the form, once the server answers at the Service's node port. */
export async function logIn(namespace: string, name: string, plain = password): Promise<Lab> {
  const base = await addressOf(namespace, name);
  const cookies = new Map<string, string>();
  const ask = async (path: string, options: RequestInit = {}) => {
    const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ');
    const headers = { ...options.headers, cookie, 'X-XSRFToken': cookies.get('_xsrf') ?? '' };
    const answer = await fetch(`${base}${path}`, { ...options, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, key, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(key, value);
    }
    return answer;
  };
  await until(`JupyterLab of ${name} answers`, async () => (await ask('/login').catch(() => undefined))?.status === 200, 90);
  const form = new URLSearchParams({ password: plain, _xsrf: cookies.get('_xsrf') ?? '' });
  await ask('/login', { method: 'POST', body: form });
  return async <T>(method: string, path: string, body?: unknown) => {
    const answer = await ask(path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
    }
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
}

/** A text file of the workspace, by Jupyter's contents API. */
export const putFile = (lab: Lab, path: string, content: string): Promise<unknown> =>
  lab('PUT', `/api/contents/${path}`, { type: 'file', format: 'text', content });
export const readFile = async (lab: Lab, path: string): Promise<string> =>
  (await lab<{ content: string }>('GET', `/api/contents/${path}`)).content;
