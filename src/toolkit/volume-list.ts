import { type Cluster } from '../workspaces/kubernetes/cluster';
import { ClusterError } from '../workspaces/kubernetes/failures';
import { nameOf } from '../workspaces/kubernetes/names';
import { type VolumeSnapshot } from '../workspaces/kubernetes/volume-snapshot';
import { volumeView, type Volume } from './volume-view';

/** The claims of a namespace, by name. @throws VeilError `forbidden`, `cluster_unavailable` */
export async function listVolumes(cluster: Cluster): Promise<Volume[]> {
  const claims = await cluster.list('PersistentVolumeClaim');
  const isClone = claims.some(({ metadata }) => metadata?.labels?.['source-pvc'] !== undefined);
  const snapshots = isClone ? await snapshotsThere(cluster) : [];
  const names = { claims: new Set(claims.map(nameOf)), snapshots: new Set(snapshots.map(nameOf)) };
  return claims.map(claim => volumeView(claim, names)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** None where the cluster has no snapshots at all. */
export async function snapshotsThere(cluster: Cluster): Promise<VolumeSnapshot[]> {
  return cluster.list('VolumeSnapshot').catch(thrown => {
    if (thrown instanceof ClusterError && thrown.reason === 'UnknownKind') {
      return [];
    }
    throw thrown;
  });
}
