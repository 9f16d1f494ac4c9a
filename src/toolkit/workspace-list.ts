import { type V1Deployment, type V1PersistentVolumeClaim, type V1Pod, type V1Service } from '@kubernetes/client-node';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { workspaceName } from '../workspaces/kubernetes/home';
import { annotation, nameOf, TOOLKIT_WORKSPACES, WORKSPACE_LABEL } from '../workspaces/kubernetes/names';
import { newestOf } from './reason';
import { snapshotsThere } from './volume-list';
import { whyNotReady } from './why-not-ready';

/** A workspace of a namespace, made here or by the toolkit. */
export interface WorkspaceRow {
  name: string;
  namespace: string;
  ready: boolean;
  /** Why it is not ready, in the words of the cluster. */
  reason: string | null;
  /** The claim that is mounted now, whatever it is called. */
  claim: string | null;
  size: string | null;
  storage_class: string | null;
  /** Null while nobody knows. */
  url: string | null;
  clone: { workspace: string; workspace_gone: boolean; snapshot: string | null; snapshot_gone: boolean } | null;
  made_by: 'veilbook' | 'netapp-dataops-toolkit';
}

/** The workspaces of a namespace, by name. @throws VeilError `forbidden`, `cluster_unavailable` */
export async function listJupyterLabs(cluster: Cluster): Promise<WorkspaceRow[]> {
  const labels = TOOLKIT_WORKSPACES;
  const deployments = await cluster.list('Deployment', { labels });
  const [services, pods] = [await cluster.list('Service', { labels }), await cluster.list('Pod', { labels })];
  const claims = new Map((await cluster.list('PersistentVolumeClaim')).map(one => [nameOf(one), one]));
  const there = {
    workspaces: new Set(deployments.map(workspaceName)),
    snapshots: new Set((await snapshotsThere(cluster)).map(nameOf))
  };
  const rows = deployments.map(async deployment => {
    const name = workspaceName(deployment);
    const own = pods.filter(({ metadata }) => metadata?.labels?.[WORKSPACE_LABEL] === name);
    const service = services.find(one => nameOf(one) === nameOf(deployment)) ?? null;
    const claim = claims.get(claimOf(deployment) ?? '') ?? null;
    const row = workspaceRow(deployment, { service, claim, pods: own, ...there });
    return { ...row, reason: row.ready ? null : await whyNotReady(cluster, deployment, own) };
  });
  return (await Promise.all(rows)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Around {
  service: V1Service | null;
  claim: V1PersistentVolumeClaim | null;
  pods: readonly V1Pod[];
  /** Names of what the namespace has. */
  workspaces: ReadonlySet<string>;
  snapshots: ReadonlySet<string>;
}

export function workspaceRow(deployment: V1Deployment, around: Around): Omit<WorkspaceRow, 'reason'> {
  const { metadata, status } = deployment;
  const { claim, workspaces, snapshots } = around;
  const source = metadata?.labels?.['source-jupyterlab-workspace'];
  const snapshot = snapshotOf(deployment, claim);
  return {
    name: workspaceName(deployment),
    namespace: metadata?.namespace ?? '',
    ready: !metadata?.deletionTimestamp && (status?.readyReplicas ?? 0) > 0,
    claim: claimOf(deployment),
    size: claim?.status?.capacity?.storage ?? null,
    storage_class: claim?.spec?.storageClassName ?? null,
    url: urlOf(around),
    clone:
      source === undefined
        ? null
        : {
            workspace: source,
            workspace_gone: !workspaces.has(source),
            snapshot,
            snapshot_gone: snapshot !== null && !snapshots.has(snapshot)
          },
    made_by: metadata?.labels?.['app.kubernetes.io/managed-by'] === 'veilbook' ? 'veilbook' : 'netapp-dataops-toolkit'
  };
}

function claimOf({ spec }: V1Deployment): string | null {
  const volumes = spec?.template.spec?.volumes ?? [];
  return volumes.find(({ name }) => name === 'workspace')?.persistentVolumeClaim?.claimName ?? null;
}

/** After a restore the claim is of another snapshot than the one that the clone began as, which the Deployment remembers. */
function snapshotOf(deployment: V1Deployment, claim: V1PersistentVolumeClaim | null): string | null {
  try {
    const { snapshot } = JSON.parse(annotation(deployment, 'clone-of') ?? '{}') as { snapshot?: unknown };
    return typeof snapshot === 'string' ? snapshot : (claim?.spec?.dataSource?.name ?? null);
  } catch {
    return claim?.spec?.dataSource?.name ?? null;
  }
}

/** By the node that its pod runs on, or what the load balancer was given. */
function urlOf({ service, pods }: Around): string | null {
  const port = service?.spec?.ports?.at(0);
  if (port === undefined) {
    return null;
  }
  const scheme = port.name === 'https' ? 'https' : 'http';
  if (service?.spec?.type === 'LoadBalancer') {
    const first = service.status?.loadBalancer?.ingress?.at(0);
    const host = first?.ip ?? first?.hostname;
    return host === undefined ? null : `${scheme}://${host}`;
  }
  const host = newestOf(pods.filter(({ status }) => status?.hostIP !== undefined))?.status?.hostIP;
  return host === undefined || !port.nodePort ? null : `${scheme}://${host}:${port.nodePort}`;
}
