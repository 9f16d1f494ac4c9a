/** Where the cluster's parts are: programs in a cache that outlives it, everything else in one state folder that `stop` removes. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const source = fileURLToPath(new URL('..', import.meta.url));
export const checkout = fileURLToPath(new URL('../../..', import.meta.url));

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'veilbook-test-cluster');

/** A key of files' names and content. Patterns are relative to this folder's parent, or to `root`. */
export function digest(patterns, root = source, ...more) {
  const hash = createHash('sha256').update(more.join('\0'));
  const isFile = path => !path.includes('__pycache__') && statSync(path).isFile();
  for (const path of patterns
    .flatMap(pattern => globSync(join(root, pattern)))
    .filter(isFile)
    .sort()) {
    hash.update(`${relative(root, path)}\0`).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Programs and CRDs, one folder per set of pinned modules, own Go sources and way of building. */
export const built = join(cache, digest(['*/go.mod', '*/go.sum', '**/*.go', 'lib/programs.mjs']));
export const programs = join(built, 'bin');
export const definitions = join(built, 'crd');
/** buildah's store of the container images. */
export const images = join(cache, 'images');

export const toolkitFolder = requirements => join(cache, `toolkit-${digest([], undefined, ...requirements)}`);

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
