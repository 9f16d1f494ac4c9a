import { V1MicroTime } from '@kubernetes/client-node';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster } from './cluster';
import { ClusterError } from './failures';
import { key } from './names';

/** How long a Lease outlives the last word of its holder. */
export const LEASE_SECONDS = 15;

/**
 * Hold a Lease until it is let go or this process ends. What is done under it carries its own conditions (resourceVersion, uid) all
 * the same: a Lease cannot stop a process that was only slow.
 * @returns how to let it go; null when somebody else has held it for longer than the wait
 */
export async function holdLease(
  cluster: Cluster,
  name: string,
  labels: Record<string, string>,
  { waitSeconds, leaseSeconds = LEASE_SECONDS }: { waitSeconds: number; leaseSeconds?: number }
): Promise<(() => Promise<void>) | null> {
  const where = process.env.KUBERNETES_SERVICE_HOST === undefined ? 'machine' : 'pod';
  const holder = `${where}/${hostname()}/${process.pid}/${randomBytes(4).toString('hex')}`;
  const spec = () => ({
    holderIdentity: holder,
    leaseDurationSeconds: leaseSeconds,
    renewTime: new V1MicroTime()
  });
  const deadline = performance.now() + waitSeconds * 1000;
  let seen = { renewal: '', at: performance.now() };
  for (;;) {
    const lease = await cluster.find('Lease', name);
    const renewal = lease ? `${lease.spec?.holderIdentity} ${String(lease.spec?.renewTime)}` : '';
    if (renewal !== seen.renewal) {
      seen = { renewal, at: performance.now() };
    }
    // Clocks of two machines differ: what counts is how long it was seen unchanged here.
    const old = performance.now() - seen.at > (lease?.spec?.leaseDurationSeconds ?? leaseSeconds) * 1000;
    try {
      if (!lease) {
        await cluster.create('Lease', { metadata: { name, labels }, spec: spec() });
        break;
      }
      if (!lease.spec?.holderIdentity || old || (await isGone(cluster, lease.spec.holderIdentity))) {
        await cluster.patch('Lease', name, {
          metadata: { resourceVersion: lease.metadata?.resourceVersion },
          spec: spec()
        });
        break;
      }
    } catch (thrown) {
      if (!(thrown instanceof ClusterError && thrown.status === 409)) {
        throw thrown;
      }
    }
    if (performance.now() > deadline) {
      return null;
    }
    await sleep(250);
  }
  const renewing = setInterval(
    () => void cluster.patch('Lease', name, { spec: { renewTime: new V1MicroTime() } }).catch(() => undefined),
    (leaseSeconds * 1000) / 3
  );
  renewing.unref();
  return async () => {
    clearInterval(renewing);
    const lease = await cluster.find('Lease', name).catch(() => null);
    if (lease?.spec?.holderIdentity === holder) {
      const { resourceVersion } = lease.metadata ?? {};
      await cluster
        .patch('Lease', name, { metadata: { resourceVersion }, spec: { holderIdentity: null } })
        .catch(() => undefined);
    }
  };
}

/**
 * Whether its holder said something within the Lease's time, as far as two clocks agree: good enough not to wait for somebody who is
 * at work, not good enough to take it from him.
 */
export async function looksHeld(cluster: Cluster, name: string): Promise<boolean> {
  const { holderIdentity, renewTime, leaseDurationSeconds } = (await cluster.find('Lease', name))?.spec ?? {};
  const age = Date.now() - Date.parse(String(renewTime));
  return !!holderIdentity && age < (leaseDurationSeconds ?? LEASE_SECONDS) * 1000 && !(await isGone(cluster, holderIdentity));
}

/** A process of this machine, or a pod, that is there no more need not be waited for. */
async function isGone(cluster: Cluster, holder: string): Promise<boolean> {
  const [where, host, pid] = holder.split('/');
  if (host !== hostname()) {
    return where === 'pod' && (await cluster.find('Pod', host).catch(() => 'unknown')) === null;
  }
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

export const leaseName = (workspace: string): string => `veilbook-${workspace}`;
export const leaseLabels = (workspace: string): Record<string, string> => ({
  'app.kubernetes.io/managed-by': 'veilbook',
  [key('workspace')]: workspace
});
