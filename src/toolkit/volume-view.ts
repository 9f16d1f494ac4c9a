import { type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { nameOf } from '../workspaces/kubernetes/names';

/** A PersistentVolumeClaim of a namespace, whoever made it. */
export interface Volume {
  name: string;
  namespace: string;
  /** Pending, Bound, Lost; Terminating for one that is being deleted. */
  status: string;
  /** What it has, not what it asked for: of the toolkit's clones these differ. Null before it is bound. */
  size: string | null;
  storage_class: string | null;
  access_modes: string[];
  /** Null where it was not made as a copy. `gone`: the source is no longer there. */
  clone: { claim: string; claim_gone: boolean; snapshot: string | null; snapshot_gone: boolean } | null;
  flexcache: { svm: string; volume: string } | null;
  created: string;
}

/** @param there names of what the namespace has */
export function volumeView(
  claim: V1PersistentVolumeClaim,
  there: { claims: ReadonlySet<string>; snapshots: ReadonlySet<string> }
): Volume {
  const { metadata, spec, status } = claim;
  const labels = metadata?.labels ?? {};
  const source = labels['source-pvc'];
  const snapshot = spec?.dataSource?.kind === 'VolumeSnapshot' ? spec.dataSource.name : null;
  const isClone = ['clone-volume', 'clone-jupyterlab'].includes(labels['created-by-operation']) && source !== undefined;
  return {
    name: nameOf(claim),
    namespace: metadata?.namespace ?? '',
    status: metadata?.deletionTimestamp ? 'Terminating' : (status?.phase ?? 'Pending'),
    size: status?.capacity?.storage ?? null,
    storage_class: spec?.storageClassName ?? null,
    access_modes: spec?.accessModes ?? [],
    clone: isClone
      ? {
          claim: source,
          claim_gone: !there.claims.has(source),
          snapshot,
          snapshot_gone: snapshot !== null && !there.snapshots.has(snapshot)
        }
      : null,
    flexcache: labels.app === 'flexcache' ? { svm: labels.source_svm ?? '', volume: labels.source_volume ?? '' } : null,
    created: new Date(metadata?.creationTimestamp ?? 0).toISOString()
  };
}
