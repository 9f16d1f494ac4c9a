import { VeilError } from '../protocol';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { podsOn } from '../workspaces/kubernetes/home';
import { annotation, nameOf, uidOf } from '../workspaces/kubernetes/names';
import { waitFor } from '../workspaces/kubernetes/wait';
import { type Waiting } from './claim-make';
import { requireClaim } from './snapshot-create';
import { snapshotsThere } from './volume-list';

const GONE_SECONDS = 120;

/** Objects as they were when somebody was asked about them. */
export interface Removal {
  parts: { kind: 'VolumeSnapshot' | 'PersistentVolumeClaim'; name: string; uid: string }[];
}

/**
 * A claim, and its snapshots unless they are to stay.
 * @throws VeilError `not_found`; `bad_request` for one that a pod or a Deployment mounts, or whose snapshots are pinned; nothing is removed
 */
export async function removableVolume(cluster: Cluster, name: string, keepSnapshots: boolean): Promise<Removal> {
  const claim = await requireClaim(cluster, name, 'Nothing was removed.');
  if (claim.metadata?.labels?.app === 'flexcache') {
    throw refused(`Claim ${name} is a FlexCache volume`, 'The toolkit removes it: delete flexcache-volume.');
  }
  await requireUnused(cluster, name, 'Nothing was removed.');
  const own = (await snapshotsThere(cluster)).filter(({ spec }) => spec.source.persistentVolumeClaimName === name);
  const pinned = own.filter(one => annotation(one, 'pinned') === 'true');
  if (!keepSnapshots && pinned.length > 0) {
    throw refused(`Snapshots of ${name} are pinned: ${pinned.map(nameOf).join(', ')}`, 'Unpin them, or --preserve-snapshots.');
  }
  const snapshots = keepSnapshots ? [] : own;
  return {
    parts: [
      ...snapshots.map(one => ({ kind: 'VolumeSnapshot' as const, name: nameOf(one), uid: uidOf(one) })),
      { kind: 'PersistentVolumeClaim', name, uid: uidOf(claim) }
    ]
  };
}

/** @throws VeilError `bad_request` where a pod or a Deployment mounts the claim */
export async function requireUnused(cluster: Cluster, name: string, undone: string): Promise<void> {
  const pods = await podsOn(cluster, name);
  const deployments = (await cluster.list('Deployment')).filter(({ spec }) =>
    spec?.template.spec?.volumes?.some(one => one.persistentVolumeClaim?.claimName === name)
  );
  const users = [...deployments.map(one => `Deployment ${nameOf(one)}`), ...pods.map(one => `pod ${nameOf(one)}`)];
  if (users.length > 0) {
    throw new VeilError(
      'bad_request',
      `Claim ${name} is mounted by ${users.join(', ')}. ${undone}`,
      'Remove what mounts it first.'
    );
  }
}

/** @throws VeilError `not_found`; `bad_request` for one that is pinned */
export async function removableSnapshot(cluster: Cluster, name: string): Promise<Removal> {
  const found = await cluster.find('VolumeSnapshot', name);
  if (found === null) {
    throw new VeilError(
      'not_found',
      `There is no snapshot ${name} in namespace ${cluster.namespace}. Nothing was removed.`,
      `veilbook list volume-snapshots -n ${cluster.namespace} shows what is there.`
    );
  }
  if (annotation(found, 'pinned') === 'true') {
    throw refused(`Snapshot ${name} is pinned`, 'Unpin it first.');
  }
  return { parts: [{ kind: 'VolumeSnapshot', name, uid: uidOf(found) }] };
}

/**
 * Remove these very objects and wait until they are gone.
 * @throws VeilError `forbidden`, `timed_out` with what keeps it, `cancelled`; what is removed by then stays so
 */
export async function removeAll(cluster: Cluster, { parts }: Removal, waiting: Waiting = {}): Promise<void> {
  for (const { kind, name, uid } of parts) {
    await cluster.remove(kind, name, uid);
  }
  const { wait = true, seconds = GONE_SECONDS, signal, seen } = waiting;
  for (const { kind, name, uid } of wait ? parts : []) {
    const look = async () => {
      const left = await cluster.find(kind, name);
      const finalizers = left?.metadata?.finalizers?.join(', ');
      return left === null || uidOf(left) !== uid ? { found: true } : { reason: finalizers ? `held by ${finalizers}` : null };
    };
    await waitFor(look, { unless: `${kind} ${name} is not gone`, seconds, signal, seen }).catch(thrown => {
      throw signal?.aborted ? new VeilError('cancelled', 'Stopped waiting. The removal goes on.', '') : thrown;
    });
  }
}

const refused = (message: string, remedy: string) => new VeilError('bad_request', `${message}. Nothing was removed.`, remedy);
