/** Starting and stopping, whole or after a part was killed. Both can be repeated at any time. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { connect, classes, create, driverObject, snapshotDefinitions } from './api.mjs';
import { authorityData, makeCertificates } from './certificates.mjs';
import { Complaint, until } from './complaint.mjs';
import { loadImages } from './image.mjs';
import { requireLevel } from './levels.mjs';
import * as machine from './machine.mjs';
import { networkPolicies, nodeParts } from './node.mjs';
import * as parts from './parts.mjs';
import * as places from './places.mjs';
import { areBuilt } from './programs.mjs';
import { ensure, endAll, isRunning, lastWords } from './processes.mjs';
import { selfCheck } from './self-check.mjs';
import { everybody, kubeconfigFor, kubeconfigPath, nodeName, readSettings, writeSettings } from './settings.mjs';

const wordsOf = name => () => `${name} said: ${lastWords(name)}`;

/** Start a cluster of a level, or whatever of it is not running. A cluster of another level is stopped first. */
export async function start(level, say) {
  requireLevel(level);
  if (!areBuilt(level)) {
    throw new Complaint(`Level ${level} is not compiled yet: npm run cluster:build -- ${level}`);
  }
  let settings = readSettings();
  if (settings && settings.level !== level) {
    say(`stopping the cluster of level ${settings.level}`);
    await stop();
    settings = undefined;
  }
  settings ??= await writeSettings(level);
  const namespace = level === 'node' ? places.networkNamespace : undefined;
  const started = [];
  const run = part => {
    ensure({ ...part, namespace });
    started.push(part);
  };

  if (level === 'node') {
    machine.rememberMachine();
    machine.makeNetwork();
    machine.makeCgroups();
  }
  makeCertificates(settings.address);
  for (const who of everybody) {
    writeFileSync(kubeconfigPath(who), JSON.stringify(kubeconfigFor(who, settings, authorityData()), undefined, 2), {
      mode: 0o600
    });
  }

  run(parts.etcd(settings));
  run(parts.apiServer(settings));
  const node = level === 'node' ? nodeParts() : [];
  let images = Promise.resolve();
  for (const part of node.filter(({ name }) => name === 'containerd')) {
    run(part);
    await containerdReady();
    images = loadImages();
    images.catch(() => undefined); // told below, where it is waited for
  }
  await apiReady();
  await firstObjects(level);
  run(parts.controllers(settings));
  if (level !== 'api') {
    parts.storage(settings).forEach(run);
  }
  if (level === 'node') {
    run(parts.scheduler());
    node.forEach(run);
    await nodeReady();
    run(networkPolicies());
    await images;
  }
  await until(
    'the first service account exists',
    async () => connect().read({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } }),
    60,
    wordsOf('kube-controller-manager')
  );
  if (level !== 'api') {
    await selfCheck(sparingly(() => started.forEach(part => ensure({ ...part, namespace }))));
  }
  return settings;
}

/** The same work, at most once a second: a part that ends at once must not be started ten times before its log is read. */
function sparingly(work) {
  let last = Date.now();
  return () => {
    if (Date.now() - last >= 1000) {
      last = Date.now();
      work();
    }
  };
}

async function apiReady() {
  const api = connect();
  const look = async () => {
    if (!isRunning('kube-apiserver')) {
      throw new Complaint(`The API server ended. It said: ${lastWords('kube-apiserver')}`);
    }
    return api.read({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'system:kube-controller-manager' }
    });
  };
  await until('the API server answers', look, 90, wordsOf('kube-apiserver'));
}

async function firstObjects(level) {
  const api = connect();
  const definitions = snapshotDefinitions();
  await Promise.all(definitions.map(each => create(api, each)));
  for (const each of definitions) {
    const isServed = async () =>
      (await api.read(each)).status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
    await until(`${each.metadata.name} is served`, isServed, 30);
  }
  // A client asks once which kinds there are, so one made after the CRDs is needed to know them.
  const later = connect();
  const objects = level === 'api' ? classes : [...classes, driverObject];
  await until('the classes are there', async () => Promise.all(objects.map(each => create(later, each))), 30);
}

async function containerdReady() {
  const answers = () => spawnSync('ctr', ['--address', places.containerdSocket, 'version'], { stdio: 'pipe' }).status === 0;
  await until('containerd answers', answers, 30, wordsOf('containerd'));
}

async function nodeReady() {
  const api = connect();
  const look = async () => {
    const node = await api.read({ apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } });
    const driver = await api.read({ apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: nodeName } });
    return (
      node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') && driver.spec.drivers.length > 0
    );
  };
  await until('the node is ready and has the CSI driver', look, 90, wordsOf('kubelet'));
}

/** End every process and take back every change of the machine; the compiled programs stay. */
export async function stop() {
  if (!existsSync(places.state)) {
    return;
  }
  const controllers = ['kube-scheduler', 'kube-controller-manager', 'snapshot-controller'];
  const sidecars = ['csi-provisioner', 'csi-snapshotter', 'csi-resizer', 'csi-driver'];
  await endAll(['kubelet', 'kube-proxy', 'network-policies', 'containerd', ...controllers, ...sidecars, 'kube-apiserver', 'etcd']);
  if (process.getuid() === 0) {
    // Of this cluster, or of none: another one, in another state folder, may be of level node.
    if (machine.wasChanged()) {
      await machine.removeContainers();
      machine.removeNetwork();
    }
    machine.removeMounts();
    machine.restoreMachine();
  }
  rmSync(places.state, { recursive: true, force: true });
}

export function describe() {
  const settings = readSettings();
  return `level ${settings.level}, kubeconfig ${places.kubeconfig}, logs ${places.logs}`;
}
