import { type V1Deployment } from '@kubernetes/client-node';
import { Type, type Static } from '@sinclair/typebox';
import { isDeepStrictEqual } from 'node:util';
import { LastRestore, VeilError } from '../../protocol';
import { type Cluster } from './cluster';
import { ClusterError } from './failures';
import { claimNameOf, type Home } from './home';
import { jsonAnnotation, key, nameOf } from './names';
import { lastEvent } from './claims';
import { waitFor } from './wait';

/** What the last restore was; it stands on the Deployment, written by the very PATCH that did it. */
export const Restored = Type.Composite([
  LastRestore,
  Type.Object({ from: Type.String({ description: 'the claim before, which undo goes back to' }), to: Type.String() })
]);
export type Restored = Static<typeof Restored>;

export const lastRestoreOf = (deployment: V1Deployment): Restored | null => jsonAnnotation(deployment, 'last-restore', Restored);

/** Who may write the old claim back: tools that keep a Deployment as a file says. */
export function keeperOf({ metadata }: V1Deployment): string | null {
  const { labels = {}, annotations = {}, managedFields = [] } = metadata ?? {};
  const managers = managedFields.map(({ manager }) => manager ?? '').join(' ');
  if (annotations['argocd.argoproj.io/tracking-id'] || /argocd/.test(managers)) {
    return 'Argo CD';
  }
  if (labels['kustomize.toolkit.fluxcd.io/name'] || labels['helm.toolkit.fluxcd.io/name']) {
    return 'Flux';
  }
  return annotations['meta.helm.sh/release-name'] ? 'Helm' : null;
}

export interface Swap {
  to: string;
  restored: Restored;
}

/**
 * The one write by which a workspace gets another claim: its volume, strategy Recreate (a claim that one node may mount has no room
 * for two pods) and what is needed to take it back, in one PATCH that holds only for the Deployment that was looked at.
 * @throws VeilError `conflict` when somebody gave the Deployment another specification meanwhile
 */
export async function swapClaim(
  cluster: Cluster,
  home: Home,
  { to, restored }: Swap,
  { dryRun = false }: { dryRun?: boolean } = {}
): Promise<V1Deployment> {
  const name = nameOf(home.deployment);
  for (let now = home.deployment; ; now = await cluster.get('Deployment', name)) {
    if (!isDeepStrictEqual(now.spec, home.deployment.spec)) {
      if (claimNameOf(now, home.volume) === to && lastRestoreOf(now)?.operation === restored.operation) {
        // The answer to the first attempt was lost.
        return now;
      }
      throw new VeilError(
        'conflict',
        `Deployment ${name} was changed by ${lastManager(now)} meanwhile.`,
        'Look at what changed, then start again.'
      );
    }
    const change = {
      metadata: {
        resourceVersion: now.metadata?.resourceVersion,
        annotations: { [key('last-restore')]: JSON.stringify(restored) }
      },
      spec: {
        strategy: { type: 'Recreate', rollingUpdate: null },
        template: { spec: { volumes: [{ name: home.volume, persistentVolumeClaim: { claimName: to } }] } }
      }
    };
    try {
      return await cluster.patch('Deployment', name, change, { strategy: 'strategic', dryRun });
    } catch (thrown) {
      // A status or an annotation changes the version too: look again whether anything that matters did.
      if (!(thrown instanceof ClusterError && thrown.status === 409)) {
        throw thrown;
      }
    }
  }
}

/** Write down a restore that changed files in the claim, and restarts nothing. */
export async function rememberRestore(cluster: Cluster, deployment: string, restored: Restored): Promise<void> {
  await cluster.patch('Deployment', deployment, {
    metadata: { annotations: { [key('last-restore')]: JSON.stringify(restored) } }
  });
}

/** A PATCH that is still on its way from a dead process holds no longer after this. */
export async function fence(cluster: Cluster, deployment: string, operation: string): Promise<V1Deployment> {
  return cluster.patch('Deployment', deployment, { metadata: { annotations: { [key('fenced')]: operation } } });
}

/**
 * Wait until the pods of the newest specification are ready.
 * @throws VeilError `timed_out` with what the cluster says
 */
export async function available(
  cluster: Cluster,
  name: string,
  { seconds, signal, seen }: { seconds: number; signal?: AbortSignal; seen?: (reason: string | null) => void }
): Promise<void> {
  await waitFor(
    async () => {
      const { metadata, spec, status } = await cluster.get('Deployment', name);
      const wanted = spec?.replicas ?? 1;
      const seenIt = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
      const old = (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
      if (seenIt && old === 0 && (status?.readyReplicas ?? 0) >= wanted) {
        return { found: true };
      }
      const app = spec?.selector.matchLabels ?? {};
      const labels = Object.entries(app)
        .map(([label, value]) => `${label}=${value}`)
        .join(',');
      const pods = await cluster.list('Pod', { labels }).catch(() => []);
      const newest = pods.sort((a, b) => Number(a.metadata?.creationTimestamp) - Number(b.metadata?.creationTimestamp)).at(-1);
      return { reason: newest ? await lastEvent(cluster, 'Pod', nameOf(newest)) : null };
    },
    { unless: `Deployment ${name} is not ready`, seconds, signal, seen }
  );
}

function lastManager({ metadata }: V1Deployment): string {
  const fields = (metadata?.managedFields ?? []).filter(({ subresource }) => !subresource);
  return fields.sort((a, b) => Number(a.time ?? 0) - Number(b.time ?? 0)).at(-1)?.manager ?? 'somebody';
}
