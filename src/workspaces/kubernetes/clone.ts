import { type V1Deployment, type V1Service } from '@kubernetes/client-node';
import { VeilError, type CloneRequest, type OperationRecord, type RecoveredOperation } from '../../protocol';
import { type Run } from '../run';
import { claimFrom, makeClaim } from './claims';
import { type Cluster, type Fresh } from './cluster';
import { available } from './deployment';
import { findHome, type Home } from './home';
import { type Objects } from './kinds';
import { type ClusterLedger } from './ledger';
import {
  isWorkspaceName,
  key,
  LONGEST_LABEL,
  LONGEST_WORKSPACE,
  nameOf,
  operationLabels,
  TOOLKIT_PREFIX,
  uidOf,
  workspaceLabels
} from './names';
import { requireReady, requireSnapshot } from './snapshots';
import { take, type Taking } from './take';

const AVAILABLE_SECONDS = 900;

/**
 * Another workspace that begins as a snapshot: claim, Service and Deployment, in this order, so that a Deployment is the sign of a
 * whole clone. Image, environment, requests, limits, GPUs, other mounts and the password are the source's, but for amounts that are asked for.
 */
export async function clone(
  ledger: ClusterLedger,
  home: Home,
  run: Run,
  { to, snapshot: id, resources = {}, load_balancer: balanced = false }: CloneRequest,
  provenance: Taking['provenance']
): Promise<Home> {
  const { cluster } = ledger;
  requireName(to);
  await requireFree(cluster, to);
  const name = `${TOOLKIT_PREFIX}${to}`;
  const chosen = id === undefined ? null : await requireSnapshot(cluster, home, id);
  const snapshot = chosen ?? (await take(cluster, home, run, { kind: 'clone', label: `for the clone ${to}`, provenance }));
  requireReady(snapshot);
  const labels = {
    ...workspaceLabels(to, 'clone-jupyterlab'),
    ...operationLabels(to, run.id),
    'source-jupyterlab-workspace': home.name
  };
  const source = nameOf(home.claim);
  const claim = claimFrom(snapshot, home.claim, {
    name,
    labels: { ...labels, ...(source.length <= LONGEST_LABEL ? { 'source-pvc': source } : {}) }
  });
  const deployment = deploymentOf(home, { name, labels, snapshot: nameOf(snapshot), resources });
  const service = await serviceOf(cluster, home, { name, labels, balanced });
  await cluster.create('PersistentVolumeClaim', claim, true);
  await cluster.create('Deployment', deployment, true);
  await run.phase('copying', { target: to, snapshot: nameOf(snapshot) });
  try {
    await makeClaim(cluster, claim, run.id);
    if (service) {
      await makeOnce(cluster, 'Service', service, run.id);
    }
    await run.commit('committing');
    await makeOnce(cluster, 'Deployment', deployment, run.id);
  } catch (thrown) {
    await takeBack(cluster, name, run.id);
    throw thrown;
  }
  await available(cluster, name, { seconds: AVAILABLE_SECONDS, seen: reason => run.progress({ reason }) });
  return findHome(cluster, to);
}

export async function recoverClone(ledger: ClusterLedger, record: OperationRecord): Promise<RecoveredOperation['outcome']> {
  const name = `${TOOLKIT_PREFIX}${record.target}`;
  const made = await ledger.cluster.find('Deployment', name);
  if (made?.metadata?.labels?.[key('operation')] === record.id) {
    return 'finished';
  }
  await takeBack(ledger.cluster, name, record.id);
  return 'undone';
}

/** What this operation made under the name, in the order opposite to that of making. */
async function takeBack(cluster: Cluster, name: string, operation: string): Promise<void> {
  for (const kind of ['Deployment', 'Service', 'PersistentVolumeClaim'] as const) {
    const made = await cluster.find(kind, name);
    if (made?.metadata?.labels?.[key('operation')] === operation) {
      await cluster.remove(kind, name, uidOf(made));
    }
  }
}

async function makeOnce<K extends 'Deployment' | 'Service'>(
  cluster: Cluster,
  kind: K,
  fresh: Fresh<Objects[K]>,
  operation: string
): Promise<void> {
  try {
    await cluster.create(kind, fresh);
  } catch (thrown) {
    const there = await cluster.find(kind, (fresh as V1Service).metadata?.name ?? '');
    if (there?.metadata?.labels?.[key('operation')] !== operation) {
      throw thrown;
    }
  }
}

interface Made {
  name: string;
  labels: Record<string, string>;
}

function deploymentOf(
  { deployment, volume, name: source, container }: Home,
  { name, labels, snapshot, resources }: Made & { snapshot: string; resources: Record<string, string> }
): Fresh<V1Deployment> {
  const { spec } = deployment;
  const template = spec?.template;
  const volumes = (template?.spec?.volumes ?? []).map(one =>
    one.name === volume ? { ...one, persistentVolumeClaim: { ...one.persistentVolumeClaim, claimName: name } } : one
  );
  const containers = (template?.spec?.containers ?? []).map(one =>
    one.name === container.name && Object.keys(resources).length > 0
      ? {
          ...one,
          resources: {
            ...one.resources,
            requests: { ...one.resources?.requests, ...resources },
            limits: { ...one.resources?.limits, ...resources }
          }
        }
      : one
  );
  return {
    metadata: { name, labels, annotations: { [key('clone-of')]: JSON.stringify({ workspace: source, snapshot }) } },
    spec: {
      replicas: Math.max(1, spec?.replicas ?? 1),
      // A claim that one node may mount has no room for two pods.
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { app: labels.app } },
      template: {
        metadata: {
          labels: { ...template?.metadata?.labels, ...labels },
          annotations: template?.metadata?.annotations
        },
        spec: { ...template!.spec!, containers, volumes }
      }
    }
  };
}

/** As the source's Service, but for addresses and node ports, which the cluster gives. None where the source has none of its name. */
async function serviceOf(
  cluster: Cluster,
  { deployment }: Home,
  { name, labels, balanced }: Made & { balanced: boolean }
): Promise<Fresh<V1Service> | null> {
  const { spec } = (await cluster.find('Service', nameOf(deployment))) ?? {};
  return spec === undefined
    ? null
    : {
        metadata: { name, labels },
        spec: {
          type: balanced ? 'LoadBalancer' : spec.type,
          selector: { app: labels.app },
          ports: spec.ports?.map(({ name: port, port: number, protocol, targetPort, appProtocol }) => ({
            name: port,
            // As the toolkit has it: a browser's own port.
            port: balanced && spec.type !== 'LoadBalancer' ? (port === 'https' ? 443 : 80) : number,
            protocol,
            targetPort,
            appProtocol
          }))
        }
      };
}

function requireName(name: string): void {
  if (!isWorkspaceName(name)) {
    throw new VeilError(
      'bad_request',
      `${name} cannot be a workspace's name: it is at most ${LONGEST_WORKSPACE} lower-case letters, digits and hyphens. Nothing was made.`,
      'Choose another name.'
    );
  }
}

/** The toolkit gives a Triton server the label of a workspace of that name: their traffic would be mixed. */
async function requireFree(cluster: Cluster, name: string): Promise<void> {
  const label = `app=${TOOLKIT_PREFIX}${name}`;
  const taken = [
    await cluster.find('PersistentVolumeClaim', `${TOOLKIT_PREFIX}${name}`),
    await cluster.find('Service', `${TOOLKIT_PREFIX}${name}`),
    ...(await cluster.list('Deployment', { labels: label }))
  ].filter(one => one !== null);
  if (taken.length > 0) {
    throw new VeilError(
      'conflict',
      `The name ${name} is taken by ${taken.map(one => `${one.kind ?? 'Deployment'} ${nameOf(one)}`).join(', ')}. Nothing was made.`,
      'Choose another name.'
    );
  }
}
