/** Proof that storage works before any test relies on it: a small claim binds and its snapshot becomes ready. */
import { connect, create } from './api.mjs';
import { until } from './complaint.mjs';
import { lastWords } from './processes.mjs';

/** `revive` starts again what ended meanwhile: the sidecars end themselves when they lose the driver or the API server. */
export async function selfCheck(revive) {
  const api = connect();
  // A name of its own each time: the namespace of an earlier check may still be going away.
  const namespace = `self-check-${Date.now().toString(36)}`;
  const metadata = { name: 'self-check', namespace };
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata,
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } }
  };
  const snapshot = {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata,
    spec: { source: { persistentVolumeClaimName: metadata.name } }
  };
  const namespaceObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await create(api, namespaceObject);
  await create(api, claim);
  await create(api, snapshot);
  const words = () =>
    ['csi-driver', 'csi-provisioner', 'csi-snapshotter', 'snapshot-controller'].map(name => lastWords(name, 2)).join('\n');
  const isReady = async () => {
    revive();
    return (await api.read(snapshot)).status?.readyToUse;
  };
  await until('a VolumeSnapshot of a small claim is ready', isReady, 60, words);
  await api.delete(namespaceObject);
}
