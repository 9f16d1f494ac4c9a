/** The cluster's API for the commands here, and the objects that every cluster begins with. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ApiException, KubeConfig, KubernetesObjectApi, loadAllYaml } from '@kubernetes/client-node';
import { definitions, kubeconfig } from './places.mjs';
import { driverName } from './settings.mjs';

export function connect() {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return KubernetesObjectApi.makeApiClient(config);
}

/** Create an object; one that exists already is as good. */
export async function create(api, object) {
  try {
    return await api.create(object);
  } catch (error) {
    if (error instanceof ApiException && error.code === 409) {
      return api.read(object);
    }
    throw error;
  }
}

export async function isAbsent(api, object) {
  try {
    await api.read(object);
    return false;
  } catch (error) {
    return error instanceof ApiException && error.code === 404;
  }
}

export const snapshotDefinitions = () =>
  readdirSync(definitions)
    .sort()
    .flatMap(name => loadAllYaml(readFileSync(join(definitions, name), 'utf8')));

const snapshotApi = 'snapshot.storage.k8s.io/v1';
const isDefault = domain => ({ [`${domain}/is-default-class`]: 'true' });

const storageClass = (name, extra, annotations = {}) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, annotations },
  provisioner: driverName,
  allowVolumeExpansion: true,
  ...extra
});

const snapshotClass = (name, parameters = {}, annotations = {}, deletionPolicy = 'Delete') => ({
  apiVersion: snapshotApi,
  kind: 'VolumeSnapshotClass',
  metadata: { name, annotations },
  driver: driverName,
  deletionPolicy,
  parameters
});

/** Classes for good days and for bad ones; README.md says what each is for. */
export const classes = [
  storageClass('directory', {}, isDefault('storageclass.kubernetes.io')),
  storageClass('directory-late', { volumeBindingMode: 'WaitForFirstConsumer' }),
  storageClass('directory-kept', { reclaimPolicy: 'Retain' }),
  storageClass('directory-fixed', { allowVolumeExpansion: false }),
  snapshotClass('directory', {}, isDefault('snapshot.storage.kubernetes.io')),
  snapshotClass('csi-snapclass'),
  snapshotClass('directory-kept', {}, {}, 'Retain'),
  snapshotClass('slow', { readyAfter: '3s' }),
  snapshotClass('late', { failFor: '3s' }),
  snapshotClass('broken', { failWith: 'the storage system is out of order' }),
  snapshotClass('sizeless', { restoreSize: '0' })
];

export const driverObject = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIDriver',
  metadata: { name: driverName },
  spec: { attachRequired: false, podInfoOnMount: false, volumeLifecycleModes: ['Persistent'] }
};
