import { type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { VeilError } from '../protocol';
import { newId } from '../workspaces/ids';
import { claimFrom } from '../workspaces/kubernetes/claims';
import { type Cluster, type Fresh } from '../workspaces/kubernetes/cluster';
import { ClusterError } from '../workspaces/kubernetes/failures';
import { key, nameOf, uidOf } from '../workspaces/kubernetes/names';
import { bind, release, retain, type Half } from '../workspaces/kubernetes/rebind';
import { mayDo } from '../workspaces/kubernetes/rights';
import { requireReady } from '../workspaces/kubernetes/snapshots';
import { makeVolume, type Waiting } from './claim-make';
import { toolkitLabels } from './labels';
import { OPERATION, takeBack } from './make';
import { requireClaim } from './snapshot-create';
import { requireUnused } from './volume-delete';

/** All that exchanging the volumes of two claims takes; each step looks whether it is done already. */
interface Plan {
  snapshot: string;
  claim: Half;
  staged: Half;
  /** The claim under which what was there before stays. */
  kept: string;
  /** As the claim was but for its volume. Where it grew since the snapshot, the restored volume grows to its size, too. */
  template: Fresh<V1PersistentVolumeClaim>;
}

export interface RestoredVolume {
  volume: string;
  snapshot: string;
  /** The claim that holds what was there before. */
  kept: string;
  /** A restore that somebody had begun was carried to its end. */
  finished: boolean;
}

/**
 * Give a claim what a snapshot of it holds, under the name that it has. A claim is made from the snapshot, then the volumes of both are
 * exchanged; no volume is removed: what was there before stays under another name. Ended in the middle, the same call carries it to its end.
 * @throws VeilError `not_found`, `bad_request` for what is mounted, not ready or binds late, `forbidden` without the rights to
 *   PersistentVolumes, `conflict` while another restore is at work, `timed_out`, `cancelled`; before the exchange all is as it was
 */
export async function restoreVolume(cluster: Cluster, snapshotName: string, waiting: Waiting = {}): Promise<RestoredVolume> {
  const snapshot = await cluster.find('VolumeSnapshot', snapshotName);
  const name = snapshot?.spec.source.persistentVolumeClaimName;
  if (snapshot === null || name === undefined) {
    const why = snapshot === null ? `There is no snapshot ${snapshotName}` : `Snapshot ${snapshotName} is of no claim here`;
    throw new VeilError('not_found', `${why} in namespace ${cluster.namespace}. Nothing was changed.`, '');
  }
  const begun = await cluster.find('ConfigMap', recordName(name));
  if (begun !== null) {
    return finish(cluster, name, begun.data?.plan, uidOf(begun));
  }
  requireReady(snapshot);
  const claim = await requireClaim(cluster, name, 'Nothing was changed.');
  await requireUnused(cluster, name, 'Nothing was changed.');
  await requireRights(cluster);
  const operation = newId();
  const staged = `${name}-restored-${operation}`;
  const labels = { ...toolkitLabels('restore-volume-snapshot'), [OPERATION]: operation };
  try {
    const fresh = claimFrom(snapshot, claim, { name: staged, labels });
    const made = await makeVolume(cluster, fresh, { staged }, waiting, operation);
    if (made.late) {
      throw new VeilError(
        'bad_request',
        `The class of ${name} binds a volume when a pod first uses it. Nothing was changed.`,
        `Use veilbook clone volume -s ${snapshotName}, and mount that.`
      );
    }
    const plan: Plan = {
      snapshot: snapshotName,
      claim: await halfOf(cluster, claim),
      staged: await halfOf(cluster, made.claim),
      kept: `${name}-before-${operation}`,
      template: templateOf(claim)
    };
    await requireUnused(cluster, name, 'Nothing was changed.');
    const record = await write(cluster, name, plan, operation);
    return { ...(await finish(cluster, name, JSON.stringify(plan), record)), finished: false };
  } catch (thrown) {
    const begun = await cluster.find('ConfigMap', recordName(name)).catch(() => null);
    if (begun?.metadata?.labels?.[OPERATION] !== operation) {
      await takeBack(cluster, ['PersistentVolumeClaim'], staged, operation);
    }
    throw thrown;
  }
}

const recordName = (claim: string): string => `veilbook-restore-${claim}`;

/** From here on it is carried to its end, by this call or by the next. One at a time: the record has the claim's name. */
async function write(cluster: Cluster, name: string, plan: Plan, operation: string): Promise<string> {
  const labels = { 'app.kubernetes.io/managed-by': 'veilbook', [OPERATION]: operation };
  const fresh = { metadata: { name: recordName(name), labels }, data: { plan: JSON.stringify(plan) } };
  try {
    return uidOf(await cluster.create('ConfigMap', fresh));
  } catch (thrown) {
    const there =
      thrown instanceof ClusterError && thrown.status === 409 ? await cluster.find('ConfigMap', recordName(name)) : null;
    if (there?.metadata?.labels?.[OPERATION] === operation) {
      return uidOf(there);
    }
    throw there === null
      ? thrown
      : new VeilError('conflict', `Another restore of ${name} is at work. Nothing was changed.`, 'Wait.');
  }
}

async function finish(cluster: Cluster, name: string, text: string | undefined, record: string): Promise<RestoredVolume> {
  const { snapshot, claim, staged, kept, template } = JSON.parse(text ?? 'null') as Plan;
  const now = await cluster.find('PersistentVolumeClaim', name);
  if (now?.spec?.volumeName !== staged.volume) {
    await retain(cluster, claim.volume);
    await retain(cluster, staged.volume);
    await release(cluster, claim);
    await release(cluster, staged);
  }
  await bind(cluster, staged.volume, { ...template, metadata: { ...template.metadata, name } });
  const annotations = { [key('superseded-by')]: name };
  await bind(cluster, claim.volume, { ...template, metadata: { name: kept, labels: template.metadata?.labels, annotations } });
  for (const { volume, policy } of [claim, staged]) {
    await cluster.patch('PersistentVolume', volume, { spec: { persistentVolumeReclaimPolicy: policy } });
  }
  await cluster.remove('ConfigMap', recordName(name), record);
  return { volume: name, snapshot, kept, finished: true };
}

async function halfOf(cluster: Cluster, claim: V1PersistentVolumeClaim): Promise<Half> {
  const volume = claim.spec?.volumeName ?? '';
  if (volume === '') {
    throw new VeilError('bad_request', `Claim ${nameOf(claim)} is not bound. Nothing was changed.`, '');
  }
  const { spec } = await cluster.get('PersistentVolume', volume);
  return { name: nameOf(claim), uid: uidOf(claim), volume, policy: spec?.persistentVolumeReclaimPolicy ?? 'Delete' };
}

/** The claim as it was but for its volume. */
function templateOf({ metadata, spec = {} }: V1PersistentVolumeClaim): Fresh<V1PersistentVolumeClaim> {
  const { accessModes, storageClassName, volumeMode, resources } = spec;
  const own = Object.entries(metadata?.annotations ?? {}).filter(([about]) => about.startsWith(key('')));
  return {
    metadata: { labels: metadata?.labels, annotations: Object.fromEntries(own) },
    spec: { accessModes, storageClassName, volumeMode, resources }
  };
}

async function requireRights(cluster: Cluster): Promise<void> {
  for (const verb of ['get', 'patch']) {
    if (!(await mayDo(cluster, verb, 'PersistentVolume'))) {
      throw new VeilError(
        'forbidden',
        `To keep the claim’s name its volume is exchanged, and the cluster does not allow to ${verb} persistentvolumes. Nothing was changed.`,
        'Ask for get and patch on PersistentVolumes, or make another volume of the snapshot: veilbook clone volume.'
      );
    }
  }
}
