/** A workspace as the NetApp DataOps Toolkit makes it, what lies in its volume, and a stand-in for the kubelet. */
import { AppsV1Api, BatchV1Api, CoreV1Api, CustomObjectsApi, type KubeConfig, type V1Pod } from '@kubernetes/client-node';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { openKubernetesWorkspace } from '../../../../src/workspaces/kubernetes';
import { administrator, image, until } from '../support';

const storage = join(process.env.VEILBOOK_TEST_CLUSTER ?? join(homedir(), '.veilbook-test-cluster'), 'storage');

export const apis = (config: KubeConfig = administrator()) => ({
  core: config.makeApiClient(CoreV1Api),
  apps: config.makeApiClient(AppsV1Api),
  batch: config.makeApiClient(BatchV1Api)
});

export interface Made {
  namespace: string;
  name: string;
  storage?: string;
  storageClassName?: string;
  resources?: Record<string, string>;
}

/** Claim, Service and Deployment with the toolkit's names and labels; returns when the claim is bound, unless it binds late. */
export async function makeWorkspace({ namespace, name, storage = '8Mi', storageClassName, resources }: Made): Promise<void> {
  const { core, apps } = apis();
  const whole = `ntap-dsutil-jupyterlab-${name}`;
  const labels = {
    app: whole,
    'created-by': 'ntap-dsutil',
    'entity-type': 'jupyterlab-workspace',
    'created-by-operation': 'create-jupyterlab',
    'jupyterlab-workspace-name': name
  };
  await core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: {
      metadata: { name: whole, labels },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, storageClassName }
    }
  });
  await core.createNamespacedService({
    namespace,
    body: {
      metadata: { name: whole, labels },
      spec: { type: 'NodePort', selector: { app: whole }, ports: [{ name: 'http', port: 8888, targetPort: 8888 }] }
    }
  });
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name: whole, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: whole } },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                name: 'jupyterlab',
                image,
                imagePullPolicy: 'Never',
                command: ['sleep', 'infinity'],
                env: [{ name: 'JUPYTER_ENABLE_LAB', value: 'yes' }],
                resources: { requests: resources, limits: resources },
                volumeMounts: [{ name: 'workspace', mountPath: '/workspace' }]
              }
            ],
            volumes: [{ name: 'workspace', persistentVolumeClaim: { claimName: whole } }]
          }
        }
      }
    }
  });
  if (storageClassName !== 'directory-late') {
    await until('the claim is bound', async () => {
      const claim = await core.readNamespacedPersistentVolumeClaim({ namespace, name: whole });
      return claim.status?.phase === 'Bound';
    });
  }
}

/** The claim that the workspace's Deployment mounts now. */
export async function claimOf(namespace: string, name: string): Promise<string> {
  const found = await apis().apps.readNamespacedDeployment({ namespace, name: `ntap-dsutil-jupyterlab-${name}` });
  return found.spec?.template.spec?.volumes?.[0].persistentVolumeClaim?.claimName ?? '';
}

/** Where the test's CSI driver keeps what is in a claim, once it is bound. */
export async function folderOf(namespace: string, claim: string): Promise<string> {
  const { core } = apis();
  const name = await until(`claim ${claim} is bound`, async () => {
    const { spec, status } = await core.readNamespacedPersistentVolumeClaim({ namespace, name: claim });
    return status?.phase === 'Bound' && spec?.volumeName;
  });
  const volume = await core.readPersistentVolume({ name });
  return join(storage, 'volumes', volume.spec?.csi?.volumeHandle ?? '', 'data');
}

/** Where it keeps what is in a ready snapshot. */
export async function snapshotFolder(namespace: string, name: string): Promise<string> {
  const custom = administrator().makeApiClient(CustomObjectsApi);
  const at = { group: 'snapshot.storage.k8s.io', version: 'v1' };
  const snapshot = (await custom.getNamespacedCustomObject({ ...at, namespace, plural: 'volumesnapshots', name })) as {
    status: { boundVolumeSnapshotContentName: string };
  };
  const content = (await custom.getClusterCustomObject({
    ...at,
    plural: 'volumesnapshotcontents',
    name: snapshot.status.boundVolumeSnapshotContentName
  })) as { status: { snapshotHandle: string } };
  return join(storage, 'snapshots', content.status.snapshotHandle, 'data');
}

export async function put(namespace: string, name: string, files: Record<string, string>): Promise<void> {
  const folder = await folderOf(namespace, await claimOf(namespace, name));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** A hash over names and contents of all that the workspace holds now. */
export async function contentOf(namespace: string, name: string): Promise<string> {
  return hashOf(await folderOf(namespace, await claimOf(namespace, name)));
}

export function hashOf(folder: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1
  )) {
    const path = join(entry.parentPath, entry.name);
    hash.update(`${path.slice(folder.length)}\0`);
    hash.update(entry.isFile() ? readFileSync(path) : entry.isSymbolicLink() ? readlinkSync(path) : '');
  }
  return hash.digest('hex');
}

export const open = (namespace: string, name: string, config = administrator(), leaseSeconds = 15, keepClaimName = false) =>
  openKubernetesWorkspace({ namespace, name, config, leaseSeconds, waitSeconds: leaseSeconds + 5, keepClaimName });

/**
 * In place of a kubelet and a scheduler, at level csi: every pod of the namespace is told to run, and one of a Job to have ended
 * well. It mounts nothing and runs nothing; at level node it is not used.
 */
export function standInKubelet(namespace: string): { stop: () => Promise<void>; fail: (jobs: boolean) => void } {
  const { core } = apis();
  let going = true;
  let failing = false;
  const tell = async (pod: V1Pod) => {
    const name = pod.metadata?.name ?? '';
    const job = pod.metadata?.ownerReferences?.some(({ kind }) => kind === 'Job');
    const state = job ? { terminated: { exitCode: failing ? 1 : 0, message: failing ? 'I/O error' : '7' } } : { running: {} };
    const status = {
      phase: job ? (failing ? 'Failed' : 'Succeeded') : 'Running',
      conditions: [{ type: 'Ready', status: job ? 'False' : 'True' }],
      containerStatuses: (pod.spec?.containers ?? []).map(container => ({
        name: container.name,
        image: container.image ?? '',
        imageID: '',
        ready: !job,
        restartCount: 0,
        state
      }))
    };
    await core.replaceNamespacedPodStatus({ namespace, name, body: { ...pod, status } }).catch(() => undefined);
  };
  const loop = (async () => {
    while (going) {
      const { items } = await core.listNamespacedPod({ namespace }).catch(() => ({ items: [] as V1Pod[] }));
      await Promise.all(items.filter(({ status }) => status?.phase === 'Pending').map(tell));
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  })();
  return {
    stop: async () => {
      going = false;
      await loop;
    },
    fail: jobs => {
      failing = jobs;
    }
  };
}
