import { type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { type BatchRequest, VeilError } from '../protocol';
import { claimFrom } from '../workspaces/kubernetes/claims';
import { type Cluster, type Fresh } from '../workspaces/kubernetes/cluster';
import { nameOf } from '../workspaces/kubernetes/names';
import { requireReady } from '../workspaces/kubernetes/snapshots';
import { type VolumeSnapshot } from '../workspaces/kubernetes/volume-snapshot';
import { cloneName, labelsOf } from './names';

/** What a Job reads: the claim, and where a snapshot is asked for the claim that is to be made from it. */
export interface Data {
  /** With the snapshot's own name where `latest` was asked for. */
  request: BatchRequest;
  claim: V1PersistentVolumeClaim;
  clone: Fresh<V1PersistentVolumeClaim> | null;
}

/**
 * Look whether what a Job is to read is there.
 * @throws VeilError `not_found`, `bad_request` for what goes or is not ready, `forbidden`; nothing has been made then
 */
export async function dataOf(cluster: Cluster, request: BatchRequest): Promise<Data> {
  const claim = await claimOf(cluster, request.claim);
  if (request.snapshot === undefined) {
    return { request, claim, clone: null };
  }
  const snapshot = await snapshotOf(cluster, request.snapshot, request.claim);
  requireReady(snapshot);
  const name = cloneName(request.name);
  const clone = claimFrom(snapshot, claim, { name, labels: labelsOf(request.name) });
  return { request: { ...request, snapshot: nameOf(snapshot) }, claim, clone };
}

async function claimOf(cluster: Cluster, name: string): Promise<V1PersistentVolumeClaim> {
  const claim = await cluster.find('PersistentVolumeClaim', name);
  if (claim === null || claim.metadata?.deletionTimestamp) {
    const why = claim === null ? `There is no claim ${name}` : `Claim ${name} is being deleted`;
    throw new VeilError(
      'not_found',
      `${why} in namespace ${cluster.namespace}. No Job was made.`,
      `kubectl get pvc -n ${cluster.namespace} shows what is there.`
    );
  }
  return claim;
}

async function snapshotOf(cluster: Cluster, id: string, claim: string): Promise<VolumeSnapshot> {
  if (id !== 'latest') {
    const named = await cluster.find('VolumeSnapshot', id);
    if (named) {
      return named;
    }
    throw new VeilError(
      'not_found',
      `There is no snapshot ${id} in namespace ${cluster.namespace}. No Job was made.`,
      'See veilbook workspace list.'
    );
  }
  const at = (one: VolumeSnapshot) => new Date(one.metadata?.creationTimestamp ?? 0).getTime();
  const newest = (await cluster.list('VolumeSnapshot'))
    .filter(one => one.spec.source.persistentVolumeClaimName === claim && one.status?.readyToUse === true)
    .sort((a, b) => at(b) - at(a) || (nameOf(a) < nameOf(b) ? 1 : -1))
    .at(0);
  if (newest) {
    return newest;
  }
  throw new VeilError(
    'not_found',
    `Claim ${claim} has no ready snapshot. No Job was made.`,
    'Take one, or leave --snapshot out.'
  );
}
