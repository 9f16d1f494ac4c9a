/** Where the cluster's parts are: programs in a cache that outlives it, everything else in one state folder that `stop` removes. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const source = fileURLToPath(new URL('..', import.meta.url));
export const checkout = fileURLToPath(new URL('../../..', import.meta.url));

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'veilbook-test-cluster');

function digest(patterns) {
  const hash = createHash('sha256');
  for (const path of patterns.flatMap(pattern => globSync(join(source, pattern))).sort()) {
    hash.update(`${relative(source, path)}\0`).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Programs and CRDs, one folder per set of pinned modules, own Go sources and way of building. */
export const built = join(cache, digest(['*/go.mod', '*/go.sum', '**/*.go', 'lib/programs.mjs']));
export const programs = join(built, 'bin');
export const definitions = join(built, 'crd');
/** The one container image, as `ctr images import` reads it. */
export const imageArchive = join(cache, `image-${digest(['lib/image.mjs'])}.tar`);

/** Sockets lie in here and a socket's path ends at 107 bytes, so it is short on purpose. */
export const state = process.env.VEILBOOK_TEST_CLUSTER || join(homedir(), '.veilbook-test-cluster');
const inState = name => join(state, name);
export const kubeconfig = inState('kubeconfig');
export const logs = inState('logs');
export const pidFiles = inState('pids');
export const settingsFile = inState('settings.json');
export const certificates = inState('certificates');
export const configs = inState('configs');
export const etcdData = inState('etcd');
export const storage = inState('storage');
export const kubelet = inState('kubelet');
export const containerdRoot = inState('containerd');
export const containerdRun = inState('containerd-run');
export const containerdSocket = inState('containerd.sock');
export const networkNamespace = inState('netns');

/** The driver's socket: known to the kubelet where there is one. */
export const driverSocket = inState('csi.sock');
