/**
 * What level node changes of the machine, and how each change is taken back: a network namespace with a cable to it, cgroups,
 * sysctls, mounts, container processes. Taking back looks at the machine itself, so it works after any crash.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killWhile } from './processes.mjs';
import { containerdSocket, networkNamespace, state } from './places.mjs';
import { link, serviceRange } from './settings.mjs';

export const cgroupName = 'veilbook-test-cluster';
const run = (command, args) => execFileSync(command, args, { stdio: 'pipe' });
const attempt = (command, args) => spawnSync(command, args, { stdio: 'pipe' }).status === 0;
const inside = args => run('nsenter', [`--net=${networkNamespace}`, '--', ...args]);

const mountsUnder = path =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[1]?.replace(/\\040/g, ' '))
    .filter(target => target === path || target?.startsWith(`${path}/`));

/** A namespace kept by a mount, not by a process, joined to this machine by one pair of interfaces. */
export function makeNetwork() {
  if (mountsUnder(networkNamespace).length > 0) {
    return;
  }
  writeFileSync(networkNamespace, '');
  run('unshare', [`--net=${networkNamespace}`, 'true']);
  attempt('ip', ['link', 'delete', link.device]);
  run('ip', ['link', 'add', link.device, 'type', 'veth', 'peer', 'name', 'outside', 'netns', networkNamespace]);
  run('ip', ['address', 'add', `${link.here}/${link.bits}`, 'dev', link.device]);
  run('ip', ['link', 'set', link.device, 'up']);
  inside(['ip', 'link', 'set', 'lo', 'up']);
  inside(['ip', 'address', 'add', `${link.there}/${link.bits}`, 'dev', 'outside']);
  inside(['ip', 'link', 'set', 'outside', 'up']);
  // A packet to a Service needs some route before its address is rewritten.
  inside(['ip', 'route', 'add', serviceRange, 'dev', 'lo']);
  for (const [name, value] of [
    ['net.ipv4.ip_forward', 1],
    ['net.bridge.bridge-nf-call-iptables', 1]
  ]) {
    inside(['sysctl', '-q', '-w', `${name}=${value}`]);
  }
}

export function removeNetwork() {
  attempt('ip', ['link', 'delete', link.device]);
}

const hierarchies = () => [
  ...readdirSync('/sys/fs/cgroup', { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => join('/sys/fs/cgroup', entry.name))
    .filter(path => existsSync(join(path, 'cgroup.procs')))
];
const isUnified = existsSync('/sys/fs/cgroup/cgroup.controllers');
const ourCgroups = () => (isUnified ? ['/sys/fs/cgroup'] : hierarchies()).map(path => join(path, cgroupName));

/** A cgroup of our own under which the kubelet keeps all pods, so that what is ours can be told from what is not. */
export function makeCgroups() {
  for (const group of ourCgroups()) {
    mkdirSync(group, { recursive: true });
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      // A new cpuset of cgroup v1 is empty and takes no process until told which processors and memory it has.
      if (existsSync(join(group, file)) && !isUnified) {
        writeFileSync(join(group, file), readFileSync(join(group, '..', file)));
      }
    }
  }
}

function* below(group) {
  if (!existsSync(group)) {
    return;
  }
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      yield* below(join(group, entry.name));
    }
  }
  yield group;
}

function inOurCgroups() {
  const pids = new Set();
  for (const group of ourCgroups().flatMap(each => [...below(each)])) {
    for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
      pids.add(Number(pid));
    }
  }
  return [...pids];
}

/** containerd's shims outlive it on purpose; ours carry our socket's path in their command line. */
function ourShims() {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return line[0].endsWith('containerd-shim-runc-v2') && line.includes(containerdSocket);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** End every container, then take the cgroups away. */
export async function removeContainers() {
  await killWhile(ourShims);
  await killWhile(inOurCgroups);
  for (const group of ourCgroups().flatMap(each => [...below(each)])) {
    rmdirSync(group);
  }
}

/** Unmount all that lies in the state folder, the innermost first. */
export function removeMounts() {
  for (const target of mountsUnder(state).reverse()) {
    if (!attempt('umount', [target])) {
      run('umount', ['--lazy', target]);
    }
  }
}

// The kubelet sets these for the whole machine.
const sysctls = ['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops']
  .concat(['kernel/keys/root_maxkeys', 'kernel/keys/root_maxbytes'])
  .map(name => join('/proc/sys', name));
// The kubelet, containerd's shims and the network plugins make these whatever their configuration says.
const fixedFolders = ['/var/lib/kubelet', '/run/containerd', '/var/log/containers', '/var/lib/cni'];
const remembered = join(state, 'machine.json');

/** Whether this cluster has changed the machine, and not yet given it back. */
export const wasChanged = () => existsSync(remembered);

export function rememberMachine() {
  if (!wasChanged()) {
    const values = Object.fromEntries(sysctls.map(path => [path, readFileSync(path, 'utf8').trim()]));
    writeFileSync(remembered, JSON.stringify({ sysctls: values, newFolders: fixedFolders.filter(path => !existsSync(path)) }));
  }
}

export function restoreMachine() {
  if (!wasChanged()) {
    return;
  }
  const before = JSON.parse(readFileSync(remembered, 'utf8'));
  for (const [path, value] of Object.entries(before.sysctls)) {
    if (readFileSync(path, 'utf8').trim() !== value) {
      writeFileSync(path, value);
    }
  }
  for (const path of before.newFolders) {
    rmSync(path, { recursive: true, force: true });
  }
  removeLinks();
}

/** The kubelet's links to our logs, where the folder for them was there before. */
function removeLinks() {
  const folder = '/var/log/containers';
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (readlinkSync(join(folder, name)).startsWith(`${state}/`)) {
      rmSync(join(folder, name));
    }
  }
}
