/** What one run of the cluster agrees on: level, addresses, ports, tokens. Written once, read by everything, removed by `stop`. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { kubeconfig, settingsFile, state } from './places.mjs';

export const nodeName = 'veilbook-node';
export const driverName = 'directory.csi.veilbook.test';
export const serviceRange = '10.96.0.0/16';
export const firstService = '10.96.0.1';
export const podRange = '10.244.0.0/24';
/** The one cable between this machine and the cluster's network: 198.18.0.0/15 is set aside for tests (RFC 2544). */
export const link = { device: 'veilbook-test', here: '198.18.77.1', there: '198.18.77.2', bits: 30 };

/** User name and groups as RBAC knows them. */
const people = {
  admin: { user: 'admin', groups: ['system:masters'] },
  controllers: { user: 'system:kube-controller-manager', groups: [] },
  scheduler: { user: 'system:kube-scheduler', groups: [] },
  proxy: { user: 'system:kube-proxy', groups: [] },
  kubelet: { user: `system:node:${nodeName}`, groups: ['system:nodes'] }
};

export function readSettings() {
  return existsSync(settingsFile) ? JSON.parse(readFileSync(settingsFile, 'utf8')) : undefined;
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = [];
  for (const server of servers) {
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    ports.push(server.address().port);
  }
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  return ports;
}

/** Settings of a new cluster. Level node has a network of its own and so fixed ports; the others live on this machine's loopback. */
export async function writeSettings(level) {
  const apart = level === 'node';
  const [api, etcd, peers] = apart ? [6443, 2379, 2380] : await freePorts(3);
  const tokens = Object.fromEntries(Object.keys(people).map(name => [name, randomBytes(24).toString('hex')]));
  const settings = { level, address: apart ? link.there : '127.0.0.1', ports: { api, etcd, peers }, tokens };
  mkdirSync(state, { recursive: true, mode: 0o700 });
  writeFileSync(settingsFile, JSON.stringify(settings), { mode: 0o600 });
  return settings;
}

/** The API server's token file: token, user, uid, groups. */
export function tokenTable({ tokens }) {
  return Object.entries(people)
    .map(([name, { user, groups }]) => `${tokens[name]},${user},${name},"${groups.join(',')}"\n`)
    .join('');
}

/** A kubeconfig for one of the people above. JSON is YAML. */
export function kubeconfigFor(who, settings, authority) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'test',
        cluster: { server: `https://${settings.address}:${settings.ports.api}`, 'certificate-authority-data': authority }
      }
    ],
    users: [{ name: who, user: { token: settings.tokens[who] } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: who, namespace: 'default' } }],
    'current-context': 'test'
  };
}

export const kubeconfigPath = who => (who === 'admin' ? kubeconfig : `${kubeconfig}-${who}`);
export const everybody = Object.keys(people);
