import { type Cluster } from '../workspaces/kubernetes/cluster';
import { nameOf, WORKSPACE_LABEL } from '../workspaces/kubernetes/names';
import { oneLine } from '../workspaces/kubernetes/snapshots';

/** A VolumeSnapshot of a namespace, whoever took it. */
export interface VolumeSnapshotRow {
  name: string;
  namespace: string;
  ready: boolean;
  /** In the driver's words; null where it works. */
  error: string | null;
  created: string | null;
  /** Null for one that was brought in from outside. */
  claim: string | null;
  claim_gone: boolean;
  /** The workspace that the claim is, or was, of. */
  workspace: string | null;
  snapshot_class: string | null;
  restore_size: string | null;
}

/**
 * Snapshots by name; one without a status is not ready.
 * @param wanted of this claim alone; of this workspace's claims alone; of claims of any workspace
 * @throws VeilError `forbidden`, `not_found` where the cluster has no snapshots at all
 */
export async function listVolumeSnapshots(
  cluster: Cluster,
  wanted: { claim?: string; workspace?: string; workspacesOnly?: boolean } = {}
): Promise<VolumeSnapshotRow[]> {
  const snapshots = await cluster.list('VolumeSnapshot');
  const claims = new Map((await cluster.list('PersistentVolumeClaim')).map(claim => [nameOf(claim), claim]));
  return snapshots
    .map(({ metadata, spec, status }) => {
      const claim = spec.source.persistentVolumeClaimName ?? null;
      const source = claim === null ? undefined : claims.get(claim);
      const taken = status?.creationTime ?? metadata?.creationTimestamp;
      return {
        name: metadata?.name ?? '',
        namespace: metadata?.namespace ?? '',
        ready: status?.readyToUse === true,
        error: status?.readyToUse === true ? null : oneLine(status?.error?.message ?? '') || null,
        created: taken === undefined ? null : new Date(taken).toISOString(),
        claim,
        claim_gone: claim !== null && source === undefined,
        workspace: source?.metadata?.labels?.[WORKSPACE_LABEL] ?? null,
        snapshot_class: spec.volumeSnapshotClassName ?? null,
        restore_size: status?.restoreSize ?? null
      };
    })
    .filter(({ claim }) => wanted.claim === undefined || claim === wanted.claim)
    .filter(({ workspace }) => wanted.workspace === undefined || workspace === wanted.workspace)
    .filter(({ workspace }) => wanted.workspacesOnly !== true || workspace !== null)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
