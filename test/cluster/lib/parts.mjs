/** The processes of each level with their command lines, in the order in which they start. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authority, pair, serviceAccountKey } from './certificates.mjs';
import * as places from './places.mjs';
import { kubeconfigPath, nodeName, serviceRange, tokenTable } from './settings.mjs';

const program = name => join(places.programs, name);
const flags = table => Object.entries(table).map(([name, value]) => `--${name}=${value}`);

export function configFile(name, content) {
  mkdirSync(places.configs, { recursive: true });
  const path = join(places.configs, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2), { mode: 0o600 });
  return path;
}

export function etcd({ ports }) {
  const clients = `http://127.0.0.1:${ports.etcd}`;
  const peers = `http://127.0.0.1:${ports.peers}`;
  const config = {
    name: 'test',
    'data-dir': places.etcdData,
    'listen-client-urls': clients,
    'advertise-client-urls': clients,
    'listen-peer-urls': peers,
    'initial-advertise-peer-urls': peers,
    'initial-cluster': `test=${peers}`,
    'unsafe-no-fsync': true, // a test's data may go with the machine; a killed process loses nothing by it
    'log-level': 'error'
  };
  return { name: 'etcd', command: program('etcd'), args: [configFile('etcd.json', config)] };
}

export function apiServer(settings) {
  const server = pair('api');
  const card = pair('api-to-kubelet');
  return {
    name: 'kube-apiserver',
    command: program('kube-apiserver'),
    args: flags({
      'etcd-servers': `http://127.0.0.1:${settings.ports.etcd}`,
      'bind-address': settings.address,
      'advertise-address': settings.address,
      // The Service `kubernetes` gets an endpoint only where pods could use it; loopback is refused as one.
      'endpoint-reconciler-type': settings.level === 'node' ? 'lease' : 'none',
      'secure-port': settings.ports.api,
      'service-cluster-ip-range': serviceRange,
      'tls-cert-file': server.certificate,
      'tls-private-key-file': server.key,
      'token-auth-file': configFile('tokens.csv', tokenTable(settings)),
      'authorization-mode': 'Node,RBAC',
      'enable-admission-plugins': 'NodeRestriction',
      'allow-privileged': true,
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': serviceAccountKey,
      'service-account-signing-key-file': serviceAccountKey,
      'kubelet-certificate-authority': authority,
      'kubelet-client-certificate': card.certificate,
      'kubelet-client-key': card.key,
      'kubelet-preferred-address-types': 'InternalIP',
      profiling: false
    })
  };
}

/** At level api the test writes statuses, so no controller that writes them may run. */
const housekeeping = [
  'namespace-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'root-ca-certificate-publisher-controller',
  'garbage-collector-controller',
  'resourcequota-controller',
  'clusterrole-aggregation-controller'
];

export function controllers({ level }) {
  return {
    name: 'kube-controller-manager',
    command: program('kube-controller-manager'),
    args: flags({
      kubeconfig: kubeconfigPath('controllers'),
      controllers: level === 'api' ? housekeeping.join(',') : '*',
      'use-service-account-credentials': true,
      'service-account-private-key-file': serviceAccountKey,
      'root-ca-file': authority,
      'leader-elect': false,
      'secure-port': 0,
      // Restores and expansions are the point here: look at claims twice a second, not four times a minute.
      'pvclaimbinder-sync-period': '500ms'
    })
  };
}

export function scheduler() {
  return {
    name: 'kube-scheduler',
    command: program('kube-scheduler'),
    args: flags({ kubeconfig: kubeconfigPath('scheduler'), 'leader-elect': false, 'secure-port': 0 })
  };
}

/** The CSI driver and the four controllers that stand between it and the API. */
export function storage({ level }) {
  const admin = { kubeconfig: kubeconfigPath('admin') };
  const sidecar = { ...admin, 'csi-address': places.driverSocket, 'retry-interval-max': '5s' };
  const registry = level === 'node' ? { registry: join(places.kubelet, 'plugins_registry') } : {};
  if (registry.registry) {
    mkdirSync(registry.registry, { recursive: true });
  }
  return [
    {
      name: 'csi-driver',
      command: program('driver'),
      args: flags({ socket: places.driverSocket, root: places.storage, node: nodeName, ...registry })
    },
    {
      name: 'csi-provisioner',
      command: program('csi-provisioner'),
      args: flags(sidecar)
    },
    { name: 'csi-snapshotter', command: program('csi-snapshotter'), args: flags(sidecar) },
    { name: 'csi-resizer', command: program('csi-resizer'), args: flags({ ...sidecar, 'handle-volume-inuse-error': false }) },
    {
      name: 'snapshot-controller',
      command: program('snapshot-controller'),
      args: flags({ ...admin, 'retry-interval-max': '5s' })
    }
  ];
}
