import { type V1Deployment, type V1Pod, type V1Service } from '@kubernetes/client-node';
import { type TritonServer } from '../protocol';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { workspaceName } from '../workspaces/kubernetes/home';
import { nameOf, TOOLKIT_WORKSPACES } from '../workspaces/kubernetes/names';
import { objectName, SERVER_LABEL, SERVERS } from './triton-names';
import { tritonView } from './triton-view';
import { whyNotReady } from './why-not-ready';

/**
 * The Triton servers of a namespace by name, made here or by the toolkit.
 * @throws VeilError `forbidden`, `cluster_unavailable`
 */
export async function listTritonServers(cluster: Cluster): Promise<TritonServer[]> {
  const deployments = await cluster.list('Deployment', { labels: SERVERS });
  const [services, pods] = [await cluster.list('Service', { labels: SERVERS }), await cluster.list('Pod', { labels: SERVERS })];
  const workspaces = await workspacesOf(cluster, deployments);
  const servers = deployments
    .filter(({ metadata }) => metadata?.labels?.[SERVER_LABEL] !== undefined)
    .map(one => {
      const service = services.find(other => nameOf(other) === nameOf(one)) ?? null;
      const own = pods.filter(({ metadata }) => metadata?.labels?.[SERVER_LABEL] === one.metadata?.labels?.[SERVER_LABEL]);
      return withReason(cluster, one, service, own, workspaces);
    });
  return (await Promise.all(servers)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @returns null where there is none of that name */
export async function findTritonServer(cluster: Cluster, name: string): Promise<TritonServer | null> {
  const deployment = await cluster.find('Deployment', objectName(name));
  if (deployment === null) {
    return null;
  }
  const service = await cluster.find('Service', objectName(name));
  const pods = await cluster.list('Pod', { labels: `${SERVERS},${SERVER_LABEL}=${name}` });
  return withReason(cluster, deployment, service, pods, await workspacesOf(cluster, [deployment]));
}

async function withReason(
  cluster: Cluster,
  deployment: V1Deployment,
  service: V1Service | null,
  pods: readonly V1Pod[],
  workspaces: ReadonlySet<string>
): Promise<TritonServer> {
  const view = tritonView(deployment, service, pods, workspaces);
  return { ...view, reason: view.status === 'not ready' ? await whyNotReady(cluster, deployment, pods) : null };
}

/** Asked for only where the toolkit's label could make a difference. */
async function workspacesOf(cluster: Cluster, servers: readonly V1Deployment[]): Promise<Set<string>> {
  const suspect = servers.some(({ spec, metadata }) => {
    return spec?.selector.matchLabels?.app !== objectName(metadata?.labels?.[SERVER_LABEL] ?? '');
  });
  const found = suspect ? await cluster.list('Deployment', { labels: TOOLKIT_WORKSPACES }) : [];
  return new Set(found.map(workspaceName));
}
