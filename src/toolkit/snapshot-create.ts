import { type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { VeilError, type Snapshot } from '../protocol';
import { newId } from '../workspaces/ids';
import { snapshotClassFor } from '../workspaces/kubernetes/classes';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { key, nameOf } from '../workspaces/kubernetes/names';
import { oneLine } from '../workspaces/kubernetes/snapshots';
import { type VolumeSnapshot } from '../workspaces/kubernetes/volume-snapshot';
import { waitFor } from '../workspaces/kubernetes/wait';
import { type Waiting } from './claim-make';
import { makeOrTake, takeBack } from './make';
import { requireVolumeName } from './volume-manifest';

const READY_SECONDS = 600;

export interface SnapshotVolumeRequest {
  claim: string;
  /** Default: a name of ours that holds the time. */
  name?: string;
  /** Default: by the claim's driver; the toolkit asks for csi-snapclass, whatever the driver is. */
  snapshotClass?: string;
  kind?: Snapshot['kind'];
  label?: string;
  /** The workspace that the claim is of. */
  workspace?: string;
}

/**
 * Take a VolumeSnapshot of a claim and wait until it is ready. Stopped before, it is taken back; after the deadline it stays, to become
 * ready when it can.
 * @throws VeilError `not_found`, `bad_request` for a claim that is not bound, `conflict` for the name, `timed_out` with the driver's words
 */
export async function createSnapshot(
  cluster: Cluster,
  request: SnapshotVolumeRequest,
  how: Waiting = {}
): Promise<VolumeSnapshot> {
  const { name = `veilbook-${newId()}`, kind = 'user', label = '' } = request;
  requireVolumeName(name);
  const claim = await requireClaim(cluster, request.claim);
  if (claim.status?.phase !== 'Bound') {
    throw new VeilError(
      'bad_request',
      `Claim ${request.claim} is ${claim.status?.phase ?? 'new'}, not Bound. No snapshot was taken.`,
      'See kubectl describe pvc for what it waits for.'
    );
  }
  if (request.name !== undefined && (await cluster.find('VolumeSnapshot', name)) !== null) {
    throw new VeilError(
      'conflict',
      `Snapshot ${name} is there already in namespace ${cluster.namespace}. No snapshot was taken.`,
      'Choose another name.'
    );
  }
  const volumeSnapshotClassName = request.snapshotClass ?? (await snapshotClassFor(cluster, claim)) ?? undefined;
  const said: [string, string | undefined][] = [
    ['kind', kind],
    ['label', label],
    ['capacity', claim.status.capacity?.storage]
  ];
  const annotations = Object.fromEntries(said.flatMap(([about, value]) => (value ? [[key(about), value]] : [])));
  const operation = newId();
  const labels = {
    'app.kubernetes.io/managed-by': 'veilbook',
    ...(request.workspace !== undefined && { [key('workspace')]: request.workspace })
  };
  const fresh = {
    metadata: { name, labels, annotations },
    spec: { volumeSnapshotClassName, source: { persistentVolumeClaimName: request.claim } }
  };
  const made = await makeOrTake(cluster, 'VolumeSnapshot', fresh, operation);
  return how.wait === false ? made : ready(cluster, nameOf(made), operation, how);
}

async function ready(cluster: Cluster, name: string, operation: string, { seconds = READY_SECONDS, signal, seen }: Waiting) {
  try {
    return await waitFor<VolumeSnapshot>(
      async () => {
        const one = await cluster.get('VolumeSnapshot', name);
        const error = one.status?.error?.message;
        return one.status?.readyToUse === true ? { found: one } : { reason: error ? oneLine(error) : null };
      },
      { unless: `Snapshot ${name} is not ready`, seconds, signal, seen }
    );
  } catch (thrown) {
    if (!signal?.aborted) {
      throw thrown;
    }
    const left = await takeBack(cluster, ['VolumeSnapshot'], name, operation);
    throw new VeilError(
      'cancelled',
      left.length === 0 ? 'Stopped. No snapshot was taken.' : `Stopped. ${left[0]} may be left.`,
      ''
    );
  }
}

/** @throws VeilError `not_found` */
export async function requireClaim(
  cluster: Cluster,
  name: string,
  undone = 'Nothing was made.'
): Promise<V1PersistentVolumeClaim> {
  const claim = name === '' ? null : await cluster.find('PersistentVolumeClaim', name);
  if (claim === null || claim.metadata?.deletionTimestamp) {
    const why = claim === null ? `There is no claim ${name}` : `Claim ${name} is being deleted`;
    throw new VeilError(
      'not_found',
      `${why} in namespace ${cluster.namespace}. ${undone}`,
      `veilbook list volumes -n ${cluster.namespace} shows what is there.`
    );
  }
  return claim;
}
