import { VeilError } from '../protocol';
import { claimFrom } from '../workspaces/kubernetes/claims';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { nameOf } from '../workspaces/kubernetes/names';
import { requireReady } from '../workspaces/kubernetes/snapshots';
import { makeVolume, type MadeClaim, type Waiting } from './claim-make';
import { toolkitLabels } from './labels';
import { createSnapshot, requireClaim } from './snapshot-create';
import { requireVolumeName, volumeObject, type VolumeRequest } from './volume-manifest';

/** @throws VeilError as `makeVolume` does, and `bad_request` */
export const createVolume = (cluster: Cluster, request: VolumeRequest, waiting: Waiting = {}): Promise<MadeClaim> =>
  makeVolume(cluster, volumeObject(request), { ...request }, waiting);

export interface CloneVolumeRequest {
  name: string;
  /** Either the claim, of which a snapshot is then taken; */
  claim?: string;
  /** or a snapshot. */
  snapshot?: string;
  /** Of the snapshot that is taken; default: by the claim's driver. */
  snapshotClass?: string;
}

export interface ClonedVolume extends MadeClaim {
  snapshot: string;
  /** The snapshot was taken for this, and stays: some drivers need it as long as the clone is there. */
  taken: boolean;
}

/**
 * A claim that begins as another one is now, or as a snapshot. Size, access modes and class are the source's as it is (its size when the
 * snapshot was taken), and not the used bytes that some drivers give.
 * @throws VeilError `bad_request`, `not_found`, and as `makeVolume` does
 */
export async function cloneVolume(cluster: Cluster, request: CloneVolumeRequest, waiting: Waiting = {}): Promise<ClonedVolume> {
  const { name, claim, snapshot: id, snapshotClass } = request;
  requireVolumeName(name);
  if ((claim === undefined) === (id === undefined)) {
    throw new VeilError(
      'bad_request',
      'A volume is cloned of a volume or of a snapshot. Nothing was made.',
      'Say either --source-pvc-name or --source-snapshot-name.'
    );
  }
  const words = { ...request };
  const there = await cluster.find('PersistentVolumeClaim', name);
  if (there !== null) {
    const made = await makeVolume(cluster, { metadata: { name } }, words, waiting);
    return { ...made, snapshot: there.spec?.dataSource?.name ?? '', taken: false };
  }
  const chosen = id === undefined ? null : await cluster.find('VolumeSnapshot', id);
  if (id !== undefined && chosen === null) {
    throw new VeilError('not_found', `There is no snapshot ${id} in namespace ${cluster.namespace}. Nothing was made.`, '');
  }
  if (chosen !== null) {
    requireReady(chosen);
  }
  const source = await requireClaim(cluster, claim ?? chosen?.spec.source.persistentVolumeClaimName ?? '');
  const snapshot =
    chosen ??
    (await createSnapshot(
      cluster,
      { claim: nameOf(source), snapshotClass, kind: 'clone', label: `for the clone ${name}` },
      waiting
    ));
  const labels = toolkitLabels('clone-volume', nameOf(source));
  const made = await makeVolume(cluster, claimFrom(snapshot, source, { name, labels }), words, waiting);
  return { ...made, snapshot: nameOf(snapshot), taken: chosen === null };
}
