import { type V1Container, type V1Deployment, type V1PersistentVolumeClaim, type V1Pod } from '@kubernetes/client-node';
import { VeilError } from '../../protocol';
import { type Cluster } from './cluster';
import { isWorkspaceName, key, nameOf, TOOLKIT_PREFIX, WORKSPACE_LABEL } from './names';

/** A workspace: a Deployment, and the claim that one of its volumes mounts. */
export interface Home {
  name: string;
  deployment: V1Deployment;
  /** Of the Deployment's volumes the one that holds the workspace. */
  volume: string;
  claim: V1PersistentVolumeClaim;
  /** The container that mounts it, and where. */
  container: V1Container;
  mountPath: string;
}

/**
 * The workspace of a name: the Deployment that has it as the toolkit's label, or is called so, with the toolkit's prefix or
 * without. Its claim is the one that is mounted now, whatever the claim is called.
 * @throws VeilError `bad_request` for a name that no workspace can have, `not_found`, `forbidden`
 */
export async function findHome(cluster: Cluster, name: string): Promise<Home> {
  return homeOf(cluster, await deploymentOf(cluster, name));
}

export async function homeOf(cluster: Cluster, deployment: V1Deployment): Promise<Home> {
  const volume = volumeOf(deployment);
  const claim = await cluster.get('PersistentVolumeClaim', claimNameOf(deployment, volume));
  const mounts = (deployment.spec?.template.spec?.containers ?? []).flatMap(container =>
    (container.volumeMounts ?? []).flatMap(({ name, mountPath }) => (name === volume ? [{ container, mountPath }] : []))
  );
  if (mounts.length === 0) {
    throw new VeilError('not_found', `No container of Deployment ${nameOf(deployment)} mounts its volume ${volume}.`, '');
  }
  return { name: workspaceName(deployment), deployment, volume, claim, ...mounts[0] };
}

export function workspaceName(deployment: V1Deployment): string {
  return deployment.metadata?.labels?.[WORKSPACE_LABEL] ?? nameOf(deployment).replace(TOOLKIT_PREFIX, '');
}

export function claimNameOf(deployment: V1Deployment, volume: string): string {
  const found = deployment.spec?.template.spec?.volumes?.find(({ name }) => name === volume);
  return found?.persistentVolumeClaim?.claimName ?? '';
}

/**
 * The workspace that a pod belongs to, by its label or by its owners; null for a pod of no Deployment.
 * @param pod its name: HOSTNAME in it
 */
export async function homeOfPod(cluster: Cluster, pod: string): Promise<Home | null> {
  const { metadata } = await cluster.get('Pod', pod);
  const set = metadata?.ownerReferences?.find(({ kind }) => kind === 'ReplicaSet');
  if (set === undefined) {
    return null;
  }
  const owners = (await cluster.get('ReplicaSet', set.name)).metadata?.ownerReferences ?? [];
  const owner = owners.find(({ kind }) => kind === 'Deployment');
  return owner ? homeOf(cluster, await cluster.get('Deployment', owner.name)) : null;
}

/** Pods that mount a claim; one that has ended is still among them, and still keeps the claim from going. */
export async function podsOn(cluster: Cluster, claim: string): Promise<V1Pod[]> {
  const pods = await cluster.list('Pod');
  return pods.filter(({ spec }) => spec?.volumes?.some(one => one.persistentVolumeClaim?.claimName === claim));
}

/** Those of them that are neither the workspace's own nor of an operation of Veilbook's. */
export async function strangersOn(cluster: Cluster, { deployment, claim }: Home): Promise<V1Pod[]> {
  const own = Object.entries(deployment.spec?.selector.matchLabels ?? {});
  return (await podsOn(cluster, nameOf(claim))).filter(({ metadata }) => {
    const labels = metadata?.labels ?? {};
    return !own.every(([label, value]) => labels[label] === value) && labels[key('operation')] === undefined;
  });
}

async function deploymentOf(cluster: Cluster, name: string): Promise<V1Deployment> {
  if (!isWorkspaceName(name.replace(TOOLKIT_PREFIX, ''))) {
    throw new VeilError(
      'bad_request',
      `${name} is no name of a workspace: at most 40 lower-case letters, digits and hyphens. Nothing was done.`,
      'See veilbook workspace list --all.'
    );
  }
  const labelled = await cluster.list('Deployment', { labels: `${WORKSPACE_LABEL}=${name.replace(TOOLKIT_PREFIX, '')}` });
  if (labelled.length > 1) {
    const all = labelled.map(nameOf).join(', ');
    throw new VeilError('conflict', `Several Deployments call themselves workspace ${name}: ${all}.`, 'Relabel all but one.');
  }
  const found =
    labelled.at(0) ?? (await cluster.find('Deployment', `${TOOLKIT_PREFIX}${name}`)) ?? (await cluster.find('Deployment', name));
  if (!found) {
    throw new VeilError(
      'not_found',
      `There is no workspace ${name} in namespace ${cluster.namespace}. Nothing was done.`,
      'See veilbook workspace list --all.'
    );
  }
  return found;
}

/** The volume `workspace`, as the toolkit calls it, else the only one that is a claim. */
function volumeOf(deployment: V1Deployment): string {
  const claims = (deployment.spec?.template.spec?.volumes ?? []).filter(({ persistentVolumeClaim: claim }) => claim);
  const chosen = claims.find(({ name }) => name === 'workspace') ?? (claims.length === 1 ? claims[0] : undefined);
  if (!chosen) {
    const why = claims.length === 0 ? 'mounts no claim' : `mounts several claims (${claims.map(({ name }) => name).join(', ')})`;
    throw new VeilError(
      'bad_request',
      `Deployment ${nameOf(deployment)} ${why}, and none is the volume "workspace". Nothing was done.`,
      'Call the volume that holds the workspace "workspace".'
    );
  }
  return chosen.name;
}
