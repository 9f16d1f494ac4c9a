import { type V1PersistentVolume, type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { VeilError } from '../../protocol';
import { makeOrFind } from './claims';
import { type Cluster, type Fresh } from './cluster';
import { type Restored } from './deployment';
import { claimNameOf, podsOn, strangersOn, type Home } from './home';
import { key, nameOf, operationLabels, uidOf } from './names';
import { mayDo } from './rights';
import { waitFor } from './wait';

const SECONDS = 600;

/** Everything that exchanging the volumes of two claims takes; each step looks whether it is done already. */
export interface Rebinding {
  deployment: string;
  volume: string;
  replicas: number;
  /** The claim's name, which stays, and what it is to be bound to. */
  claim: Half;
  /** The claim that the restored volume came in, and under which the old volume is kept. */
  staged: Half;
  kept: string;
  /** The claim as it was but for its volume. */
  template: Fresh<V1PersistentVolumeClaim>;
  operation: string;
  workspace: string;
}

export interface Half {
  name: string;
  uid: string;
  volume: string;
  policy: string;
}

/**
 * Whether the claim can keep its name: for a workspace of the toolkit, which derives the name from the workspace's; asked from
 * outside, for the workspace stands still meanwhile; with the rights to remove claims and to change PersistentVolumes; and when no
 * other pod mounts the claim, for whose end nobody knows how long to wait.
 */
export async function mayRebind(cluster: Cluster, home: Home): Promise<boolean> {
  const { deployment, claim, volume } = home;
  const { labels } = deployment.metadata ?? {};
  const theirs = labels?.['created-by'] === 'ntap-dsutil' && labels['app.kubernetes.io/managed-by'] !== 'veilbook';
  if (!theirs || claimNameOf(deployment, volume) !== nameOf(deployment) || !claim.spec?.volumeName) {
    return false;
  }
  const needed = [
    ['get', 'PersistentVolume'],
    ['patch', 'PersistentVolume'],
    ['delete', 'PersistentVolumeClaim']
  ] as const;
  const answers = await Promise.all(needed.map(([verb, kind]) => mayDo(cluster, verb, kind)));
  return answers.every(answer => answer) && (await strangersOn(cluster, home)).length === 0;
}

/** @param staged bound, and read once */
export async function planRebinding(
  cluster: Cluster,
  home: Home,
  staged: V1PersistentVolumeClaim,
  operation: string
): Promise<Rebinding> {
  const { claim, deployment } = home;
  const half = async (one: V1PersistentVolumeClaim): Promise<Half> => {
    const { spec } = await cluster.get('PersistentVolume', one.spec?.volumeName ?? '');
    return {
      name: nameOf(one),
      uid: uidOf(one),
      volume: one.spec?.volumeName ?? '',
      policy: spec?.persistentVolumeReclaimPolicy ?? 'Delete'
    };
  };
  const { accessModes, storageClassName, volumeMode, resources } = claim.spec ?? {};
  return {
    deployment: nameOf(deployment),
    volume: home.volume,
    replicas: deployment.spec?.replicas ?? 1,
    claim: await half(claim),
    staged: await half(staged),
    kept: `${nameOf(claim)}-before-${operation}`,
    template: {
      metadata: { labels: claim.metadata?.labels },
      spec: { accessModes, storageClassName, volumeMode, resources }
    },
    operation,
    workspace: home.name
  };
}

/**
 * Exchange the volumes of a claim and of one made from a snapshot, so that the claim keeps its name. Both volumes are first told to stay when
 * their claims go (reclaim policy Retain), and nothing goes before both say so. Ended in the middle, it is carried out to its end by the
 * next one: from any state, with the same plan.
 */
export async function carryOut(cluster: Cluster, plan: Rebinding, restored: Restored): Promise<void> {
  const { claim, staged, kept, template, deployment, replicas } = plan;
  const whole = await cluster.find('PersistentVolumeClaim', claim.name);
  if (!(whole && whole.spec?.volumeName === staged.volume)) {
    await retain(cluster, claim.volume);
    await retain(cluster, staged.volume);
    await removeJobs(cluster, plan);
    await standStill(cluster, plan);
    await release(cluster, claim);
    await release(cluster, staged);
  }
  const note = { [key('operation')]: plan.operation };
  await bind(cluster, staged.volume, { ...template, metadata: { ...template.metadata, name: claim.name } });
  await bind(cluster, claim.volume, {
    ...template,
    metadata: {
      name: kept,
      labels: { ...template.metadata?.labels, ...operationLabels(plan.workspace, plan.operation) },
      annotations: { ...note, [key('superseded-by')]: claim.name }
    }
  });
  for (const { volume, policy } of [claim, staged]) {
    await cluster.patch('PersistentVolume', volume, { spec: { persistentVolumeReclaimPolicy: policy } });
  }
  await cluster.patch('Deployment', deployment, {
    metadata: { annotations: { [key('last-restore')]: JSON.stringify(restored) } },
    spec: { replicas }
  });
}

export async function retain(cluster: Cluster, volume: string): Promise<void> {
  await cluster.patch('PersistentVolume', volume, { spec: { persistentVolumeReclaimPolicy: 'Retain' } });
  const { spec } = await cluster.get('PersistentVolume', volume);
  if (spec?.persistentVolumeReclaimPolicy !== 'Retain') {
    throw new VeilError('conflict', `PersistentVolume ${volume} does not keep what is in it.`, 'Look who changes it back.');
  }
}

/** No pod that mounts the claim: a claim that goes while it is mounted stays half gone until the last pod ends. */
async function standStill(cluster: Cluster, { deployment, claim }: Rebinding): Promise<void> {
  await cluster.patch('Deployment', deployment, { spec: { replicas: 0 } });
  await waitFor(
    async () => {
      const mounting = await podsOn(cluster, claim.name);
      return mounting.length === 0 ? { found: true } : { reason: `${mounting.map(nameOf).join(', ')} mounts it` };
    },
    { unless: `Claim ${claim.name} is still in use`, seconds: SECONDS }
  );
}

/** A pod that has ended still counts as a user of its claims, so our Jobs that read the workspace's claims go before the claims do. */
async function removeJobs(cluster: Cluster, { workspace }: Rebinding): Promise<void> {
  const pods = await cluster.list('Pod', { labels: `${key('workspace')}=${workspace}` });
  for (const owner of pods.flatMap(({ metadata }) => metadata?.ownerReferences ?? []).filter(({ kind }) => kind === 'Job')) {
    await cluster.remove('Job', owner.name, owner.uid);
  }
}

export async function release(cluster: Cluster, { name, uid }: Half): Promise<void> {
  await cluster.remove('PersistentVolumeClaim', name, uid);
  await waitFor(
    async () => {
      const left = await cluster.find('PersistentVolumeClaim', name);
      return left && uidOf(left) === uid ? { reason: null } : { found: true };
    },
    { unless: `Claim ${name} is not gone`, seconds: SECONDS }
  );
}

/** A released volume remembers the claim it was bound to; it is given another, and a claim that asks for just this volume. */
export async function bind(cluster: Cluster, volume: string, fresh: Fresh<V1PersistentVolumeClaim>): Promise<void> {
  const name = fresh.metadata?.name ?? '';
  const now = await cluster.get('PersistentVolume', volume);
  if (!isFor(now, name)) {
    const claimRef = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace: cluster.namespace,
      name,
      uid: null,
      resourceVersion: null
    };
    await cluster.patch('PersistentVolume', volume, { spec: { claimRef } });
  }
  const spec = { ...fresh.spec, volumeName: volume };
  await makeOrFind(cluster, { ...fresh, spec }, found => found.spec?.volumeName === volume);
  await waitFor(
    async () => {
      const { status } = await cluster.get('PersistentVolumeClaim', name);
      return status?.phase === 'Bound' ? { found: true } : { reason: status?.phase ?? null };
    },
    { unless: `Claim ${name} is not bound to ${volume}`, seconds: SECONDS }
  );
}

/** Bound to the claim of this name that there is now, or waiting for one. */
const isFor = ({ spec, status }: V1PersistentVolume, name: string): boolean =>
  spec?.claimRef?.name === name && (!spec.claimRef.uid || status?.phase === 'Bound');
