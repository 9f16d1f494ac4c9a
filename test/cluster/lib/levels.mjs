/**
 * How much of a cluster runs.
 *   api   API server with RBAC, quota, namespaces, service accounts and garbage collection. Statuses are the test's to write.
 *   csi   plus controllers, a CSI driver and the snapshot controller: claims bind, snapshots hold data. Pods stay Pending.
 *   node  plus scheduler, kubelet, containerd, kube-proxy and what enforces NetworkPolicies: pods run. Linux and root.
 */
import { existsSync } from 'node:fs';
import { Complaint } from './complaint.mjs';

export const levels = ['api', 'csi', 'node'];

const tools = [
  { file: '/usr/bin/openssl', package: 'openssl', from: 'api' },
  { file: '/usr/bin/containerd', package: 'containerd', from: 'node' },
  { file: '/usr/sbin/runc', package: 'runc', from: 'node' },
  { file: '/usr/lib/cni/bridge', package: 'containernetworking-plugins', from: 'node' },
  { file: '/usr/sbin/iptables', package: 'iptables', from: 'node' },
  { file: '/usr/sbin/ipset', package: 'ipset', from: 'node' },
  { file: '/usr/sbin/debootstrap', package: 'debootstrap', from: 'node' },
  { file: '/usr/bin/buildah', package: 'buildah', from: 'node' }
];

/** Refuse a level that this machine cannot run, in one line that says what would make it run. */
export function requireLevel(level) {
  if (!levels.includes(level)) {
    throw new Complaint(`No level ${level}. Use one of: ${levels.join(', ')}.`);
  }
  const root = process.platform === 'linux' && process.getuid() === 0;
  if (level === 'node' && !root) {
    throw new Complaint('Level node needs Linux and root: it makes mounts, cgroups and a network. Levels without: csi, api.');
  }
  const needed = tools.filter(({ from }) => levels.indexOf(from) <= levels.indexOf(level));
  const missing = needed.filter(({ file }) => !existsSync(file)).map(tool => tool.package);
  if (missing.length > 0) {
    const remedy = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
    const lower = level === 'node' ? ' Levels without most of them: csi, api.' : '';
    throw new Complaint(`Level ${level} needs Debian's ${missing.join(', ')}: ${remedy}.${lower}`);
  }
}
