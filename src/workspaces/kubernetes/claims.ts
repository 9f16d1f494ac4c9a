import { type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { type Cluster, type Fresh } from './cluster';
import { ClusterError } from './failures';
import { key, nameOf } from './names';
import { sizeOf } from './snapshots';
import { type VolumeSnapshot } from './volume-snapshot';

/**
 * A claim that begins as the snapshot. Access modes, volume mode and class are the source's, to the empty class; of a class that
 * binds late it stays Pending until a pod uses it.
 */
export function claimFrom(
  snapshot: VolumeSnapshot,
  source: V1PersistentVolumeClaim,
  { name, labels, annotations = {} }: { name: string; labels: Record<string, string>; annotations?: Record<string, string> }
): Fresh<V1PersistentVolumeClaim> {
  const { accessModes, storageClassName, volumeMode } = source.spec ?? {};
  return {
    metadata: { name, labels, annotations: { ...annotations, [key('snapshot')]: nameOf(snapshot) } },
    spec: {
      accessModes,
      storageClassName,
      volumeMode,
      resources: { requests: { storage: sizeOf(snapshot, source) } },
      dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: nameOf(snapshot) }
    }
  };
}

/** Make a claim; one that this very operation made before is it. */
export const makeClaim = (
  cluster: Cluster,
  fresh: Fresh<V1PersistentVolumeClaim>,
  operation: string
): Promise<V1PersistentVolumeClaim> =>
  makeOrFind(cluster, fresh, ({ metadata }) => metadata?.labels?.[key('operation')] === operation);

/**
 * @param isIt whether one of that name is what was to be made
 * @throws ClusterError also when another has the name
 */
export async function makeOrFind(
  cluster: Cluster,
  fresh: Fresh<V1PersistentVolumeClaim>,
  isIt: (found: V1PersistentVolumeClaim) => boolean
): Promise<V1PersistentVolumeClaim> {
  try {
    return await cluster.create('PersistentVolumeClaim', fresh);
  } catch (thrown) {
    const there =
      thrown instanceof ClusterError && thrown.status === 409
        ? await cluster.find('PersistentVolumeClaim', fresh.metadata?.name ?? '')
        : null;
    if (there && isIt(there)) {
      return there;
    }
    throw thrown;
  }
}

/** Why a claim is not bound, in the cluster's own words. */
export async function whyPending(cluster: Cluster, claim: string): Promise<string | null> {
  return lastEvent(cluster, 'PersistentVolumeClaim', claim);
}

/** The last event about an object; null without one, or without the right to read events. */
export async function lastEvent(cluster: Cluster, kind: string, name: string): Promise<string | null> {
  const fields = `involvedObject.kind=${kind},involvedObject.name=${name}`;
  const events = await cluster.list('Event', { fields }).catch(() => []);
  const at = (event: (typeof events)[number]) => event.lastTimestamp ?? event.eventTime ?? event.metadata?.creationTimestamp;
  const last = events.sort((a, b) => Number(at(a) ?? 0) - Number(at(b) ?? 0)).at(-1);
  return last?.message ? last.message.replace(/\s+/g, ' ').slice(0, 300) : null;
}
