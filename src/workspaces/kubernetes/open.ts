import { KubeConfig } from '@kubernetes/client-node';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, sep } from 'node:path';
import { VeilError, type RecoveredOperation, type Snapshot } from '../../protocol';
import { gitOf, sha256Of } from '../provenance';
import { type WorkspaceProvider } from '../provider';
import { Cluster } from './cluster';
import { homeOfPod } from './home';
import { KubernetesWorkspace } from './provider';

const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** What the client takes when nothing says which cluster is meant. */
const NOWHERE = 'http://localhost:8080';

export interface ClusterOptions {
  /** Default: that of the kubeconfig's context, in a pod the pod's own. */
  namespace?: string;
  /** Default: `$KUBECONFIG`, `~/.kube/config`, or the pod's service account. */
  config?: KubeConfig;
  /** The command that prints the Role for what is to be done there; default `veilbook rbac`. */
  role?: (namespace: string) => string;
}

export interface KubernetesOptions extends ClusterOptions {
  name: string;
  /** How long an operation waits for another one on the same workspace; default 20, more than a dead one's Lease lasts. */
  waitSeconds?: number;
  leaseSeconds?: number;
  /** A restore of a toolkit's workspace keeps its claim's name where the rights are there; default true. */
  keepClaimName?: boolean;
  onRecovered?: (done: RecoveredOperation[]) => void;
}

/** What a process in the workspace's own pod can say of its files. */
export interface Inside {
  git(): Promise<Snapshot['git']>;
  sha256(path: string): Promise<string | null>;
}

/** @throws VeilError `cluster_unavailable` where no kubeconfig says which cluster */
export function openCluster({ namespace, config = defaultConfig(), role }: ClusterOptions = {}): Cluster {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || server === NOWHERE) {
    throw new VeilError(
      'cluster_unavailable',
      'No kubeconfig says which cluster is meant, and this is no pod of one.',
      role === undefined ? 'Set KUBECONFIG, or name a folder by --dir.' : 'Set KUBECONFIG.'
    );
  }
  const own = existsSync(NAMESPACE_FILE) ? readFileSync(NAMESPACE_FILE, 'utf8').trim() : undefined;
  const chosen = namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? own ?? 'default';
  return new Cluster(config, chosen, role?.(chosen));
}

/**
 * The workspace of a name. What a crash left is finished or undone first, unless somebody is at work on it.
 * @throws VeilError `cluster_unavailable`, `forbidden`, `not_found`
 */
export async function openKubernetesWorkspace({
  name,
  waitSeconds = 20,
  leaseSeconds,
  keepClaimName,
  onRecovered,
  ...where
}: KubernetesOptions): Promise<WorkspaceProvider> {
  return opened(
    new KubernetesWorkspace(openCluster(where), name, { waitSeconds, leaseSeconds }, null, keepClaimName),
    onRecovered
  );
}

/**
 * The workspace that this very pod is of, when the folder lies on its volume.
 * @returns null outside a cluster, in a pod of no Deployment, and for a folder that is not on the volume
 */
export async function openOwnWorkspace(
  dir: string,
  onRecovered?: (done: RecoveredOperation[]) => void
): Promise<WorkspaceProvider | null> {
  if (process.env.KUBERNETES_SERVICE_HOST === undefined || !existsSync(NAMESPACE_FILE)) {
    return null;
  }
  const cluster = openCluster();
  const home = await homeOfPod(cluster, hostname());
  if (!home || !`${dir}${sep}`.startsWith(`${home.mountPath}${sep}`)) {
    return null;
  }
  const inside: Inside = {
    git: () => gitOf(dir),
    sha256: path => sha256Of(Buffer.from(join(dir, path)))
  };
  return opened(new KubernetesWorkspace(cluster, home.name, { waitSeconds: 20 }, inside), onRecovered);
}

async function opened(workspace: WorkspaceProvider, onRecovered?: (done: RecoveredOperation[]) => void) {
  const done = await workspace.recover();
  if (done.length > 0) {
    onRecovered?.(done);
  }
  return workspace;
}

function defaultConfig(): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (thrown) {
    throw new VeilError(
      'cluster_unavailable',
      `The kubeconfig cannot be read (${(thrown as Error).message}).`,
      'Set KUBECONFIG to one that can.'
    );
  }
  return config;
}
