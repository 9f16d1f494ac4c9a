/** What specs share: the cluster's connection, a namespace per spec file, waiting, and pods that run one line of shell. */
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  RbacAuthorizationV1Api,
  setHeaderOptions,
  type V1Pod
} from '@kubernetes/client-node';

/** How much of a cluster runs; test/cluster/README.md says what each level has. */
export type Level = 'api' | 'csi' | 'node';
const levels: readonly Level[] = ['api', 'csi', 'node'];

function levelHere(): Level {
  const level = levels.find(each => each === process.env.VEILBOOK_TEST_LEVEL);
  if (!level) {
    throw new Error('No test cluster is announced. Run these specs by: npm run test:cluster');
  }
  return level;
}

/** `describe` for what needs at least a level; on a lower one it is skipped. */
export function describeAt(level: Level, name: string, body: () => void): void {
  const isEnough = levels.indexOf(levelHere()) >= levels.indexOf(level);
  (isEnough ? describe : describe.skip)(`${name} (level ${level})`, body);
}

/** Debian; and Debian with JupyterLab and this checkout's Veilbook. */
export const image = 'veilbook.test/debian:1';
export const workspaceImage = 'veilbook.test/workspace:1';
/** Debian with this checkout's command line. */
export const cliImage = 'veilbook.test/cli:1';
export const snapshots = { group: 'snapshot.storage.k8s.io', version: 'v1', plural: 'volumesnapshots' };

export function administrator(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(process.env.VEILBOOK_TEST_KUBECONFIG ?? '');
  return config;
}

export function clients(config: KubeConfig) {
  return {
    core: config.makeApiClient(CoreV1Api),
    custom: config.makeApiClient(CustomObjectsApi),
    rbac: config.makeApiClient(RbacAuthorizationV1Api)
  };
}

/** A fresh namespace; its name begins with `prefix`. Deleting it in `afterAll` takes everything in it away. */
export async function makeNamespace(prefix: string): Promise<string> {
  const made = await clients(administrator()).core.createNamespace({ body: { metadata: { generateName: `${prefix}-` } } });
  return made.metadata?.name ?? '';
}

export async function removeNamespace(name: string): Promise<void> {
  await clients(administrator()).core.deleteNamespace({ name });
}

/** The same cluster seen by a service account of a namespace, by a token as its pods get one. */
export async function asServiceAccount(namespace: string, name: string): Promise<KubeConfig> {
  const admin = administrator();
  const { core } = clients(admin);
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  const body = { spec: { audiences: ['https://kubernetes.default.svc'] } };
  const answer = await core.createNamespacedServiceAccountToken({ namespace, name, body });
  const config = new KubeConfig();
  const cluster = admin.getCurrentCluster();
  if (!cluster) {
    throw new Error('The kubeconfig names no cluster.');
  }
  config.loadFromClusterAndUser(cluster, { name, token: answer.status?.token ?? '' });
  return config;
}

/** Call `look` until it returns something other than undefined or false. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 60): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`Waited ${seconds} s in vain: ${what}`);
    }
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}

/** The HTTP status that a call is refused with, 0 where it is allowed. */
export async function refusalOf(call: () => Promise<unknown>): Promise<number> {
  try {
    await call();
    return 0;
  } catch (error) {
    if (error instanceof ApiException) {
      return error.code;
    }
    throw error;
  }
}

export interface Claim {
  namespace: string;
  name: string;
  /** A quantity, such as 1Mi. */
  storage?: string;
  storageClassName?: string;
  /** Begin as a copy of this VolumeSnapshot. */
  fromSnapshot?: string;
}

export async function makeClaim({ namespace, name, storage = '8Mi', storageClassName, fromSnapshot }: Claim): Promise<void> {
  const dataSource = fromSnapshot && { apiGroup: snapshots.group, kind: 'VolumeSnapshot', name: fromSnapshot };
  await clients(administrator()).core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: {
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage } },
        ...(storageClassName && { storageClassName }),
        ...(dataSource && { dataSource })
      }
    }
  });
}

export interface Snapshot {
  status?: { readyToUse?: boolean; restoreSize?: string; error?: { message?: string } };
}

export async function makeSnapshot(
  namespace: string,
  name: string,
  claim: string,
  volumeSnapshotClassName?: string
): Promise<void> {
  await clients(administrator()).custom.createNamespacedCustomObject({
    ...snapshots,
    namespace,
    body: {
      apiVersion: `${snapshots.group}/${snapshots.version}`,
      kind: 'VolumeSnapshot',
      metadata: { name },
      spec: { ...(volumeSnapshotClassName && { volumeSnapshotClassName }), source: { persistentVolumeClaimName: claim } }
    }
  });
}

const defaultClass = 'snapshot.storage.kubernetes.io/is-default-class';

/** While work is done snapshots without a class of their own are made with these parameters. */
export async function withDefaultClass(parameters: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const { custom } = clients(administrator());
  const classes = { group: snapshots.group, version: snapshots.version, plural: 'volumesnapshotclasses' };
  const usual = { ...classes, name: 'directory' };
  const beDefault = (is: string) =>
    custom.patchClusterCustomObject(
      { ...usual, body: { metadata: { annotations: { [defaultClass]: is } } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
    );
  const body = {
    apiVersion: `${snapshots.group}/${snapshots.version}`,
    kind: 'VolumeSnapshotClass',
    metadata: { name: 'meanwhile', annotations: { [defaultClass]: 'true' } },
    driver: 'directory.csi.veilbook.test',
    deletionPolicy: 'Delete',
    parameters
  };
  await beDefault('false');
  await custom.createClusterCustomObject({ ...classes, body });
  try {
    await work();
  } finally {
    await custom.deleteClusterCustomObject({ ...classes, name: 'meanwhile' });
    await beDefault('true');
  }
}

export async function readSnapshot(namespace: string, name: string): Promise<Snapshot> {
  return (await clients(administrator()).custom.getNamespacedCustomObject({ ...snapshots, namespace, name })) as Snapshot;
}

export const snapshotReady = (namespace: string, name: string): Promise<Snapshot> =>
  until(`snapshot ${name} is ready`, async () => {
    const snapshot = await readSnapshot(namespace, name);
    return snapshot.status?.readyToUse === true && snapshot;
  });

/** A pod that runs one line of shell with a claim mounted at /data. */
export const shellPod = (name: string, claim: string, line: string): V1Pod => ({
  metadata: { name },
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'shell',
        image,
        imagePullPolicy: 'Never',
        command: ['sh', '-euc', line],
        volumeMounts: [{ name: 'data', mountPath: '/data' }]
      }
    ],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }]
  }
});

/** Run such a pod to its end; returns what it printed. */
export async function runShell(namespace: string, name: string, claim: string, line: string): Promise<string> {
  const { core } = clients(administrator());
  await core.createNamespacedPod({ namespace, body: shellPod(name, claim, line) });
  const phase = await until(`pod ${name} ends`, async () => {
    const pod = await core.readNamespacedPod({ namespace, name });
    const now = pod.status?.phase ?? '';
    return ['Succeeded', 'Failed'].includes(now) && now;
  });
  const printed = await core.readNamespacedPodLog({ namespace, name });
  if (phase === 'Failed') {
    throw new Error(`Pod ${name} failed: ${printed}`);
  }
  return printed.trim();
}
