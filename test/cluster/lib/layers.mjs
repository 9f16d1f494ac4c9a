/**
 * Layers of container images, each a tar in the cache: a first one of Debian packages, and further ones that hold what a script
 * changes in those before. No image builder is needed: an overlay mount's upper folder is a layer.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Complaint } from './complaint.mjs';
import { digest, layers } from './places.mjs';

const suite = 'bookworm';
const mirror = 'http://deb.debian.org/debian';
// What packages write and no pod reads. The folders stay: apt and dpkg want them.
const unneeded = [
  'var/cache/apt',
  'var/lib/apt/lists',
  'var/log',
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'root/.cache',
  'dev'
];
// Of this machine's environment, how the package managers are to reach their registries, and nothing else.
const passedOn = Object.entries(process.env).filter(([name]) =>
  /^(https?_proxy|no_proxy|pip_index_url|pip_default_timeout)$/i.test(name)
);
// A mount namespace of its own: whatever happens, the mounts end with the program.
const apart = ['--mount', '--propagation', 'private'];

/** Run a program to its end. The last lines of its output become the complaint. */
export function run(what, command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (status !== 0) {
    const words = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-8).join('\n');
    throw new Complaint(`${what} failed: ${error?.message ?? words}`);
  }
}

const archive = ({ name, key }) => join(layers, `${name}-${key}.tar`);
export const isMade = layer => existsSync(`${archive(layer)}.digest`);

/** A made layer as an image names it: its tar, and the hash of it. */
export const made = layer => ({ archive: archive(layer), digest: readFileSync(`${archive(layer)}.digest`, 'utf8') });

/** The first layer: a minimal Debian. */
export const debian = () => ({
  name: 'debian',
  key: digest([], undefined, suite, mirror, ...unneeded),
  fill: upper => run('Making the layer debian', 'unshare', [...apart, 'debootstrap', '--variant=minbase', suite, upper, mirror])
});

/** A further layer: what `script` (of the shell, as root) changes in the layers before. It finds the folder `given` at /mnt. */
export const changed = (name, key, { below, script, given }) => ({
  name,
  key,
  fill: (upper, work) => {
    const lower = below.map(unpacked).reverse();
    const [merged, scratch, handed] = ['merged', 'scratch', 'given'].map(each => join(work, each));
    [merged, scratch, handed].forEach(folder => mkdirSync(folder, { recursive: true }));
    given?.(handed);
    const steps = [
      'mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4"',
      'mount -t proc proc "$4/proc"',
      'mount --rbind /dev "$4/dev"',
      'mount --bind "$5" "$4/mnt"',
      'exec chroot "$4" /bin/sh -euc "$6"'
    ].join('\n');
    const authorities = process.env.SSL_CERT_FILE ?? '/etc/ssl/certs/ca-certificates.crt';
    if (existsSync(authorities)) {
      writeFileSync(join(handed, 'authorities.pem'), readFileSync(authorities));
    }
    run(
      `Making the layer ${name}`,
      'unshare',
      [...apart, 'sh', '-euc', steps, 'sh', lower.join(':'), upper, scratch, merged, handed, script],
      {
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          LANG: 'C.UTF-8',
          HOME: '/root',
          DEBIAN_FRONTEND: 'noninteractive',
          PIP_CERT: '/mnt/authorities.pem',
          PIP_DISABLE_PIP_VERSION_CHECK: '1',
          PIP_ROOT_USER_ACTION: 'ignore',
          ...Object.fromEntries(passedOn)
        }
      }
    );
  }
});

/** A layer as a folder, kept beside its archive: a layer that is often made anew does not unpack those below it each time. */
function unpacked(layer) {
  const folder = `${archive(layer)}.tree`;
  if (!existsSync(folder)) {
    const unfinished = mkdtempSync(join(layers, `${layer.name}-unfinished-`));
    const how = ['--extract', '--numeric-owner', '--preserve-permissions'];
    run('Unpacking a layer', 'tar', [...how, `--file=${archive(layer)}`, `--directory=${unfinished}`]);
    renameSync(unfinished, folder);
  }
  return folder;
}

/** Make a layer unless the cache has it. Its predecessors of the same name go. */
export async function makeLayer(layer, say) {
  if (isMade(layer)) {
    return;
  }
  say(`making the layer ${layer.name} of the container images`);
  mkdirSync(layers, { recursive: true });
  const work = mkdtempSync(join(layers, `${layer.name}-unfinished-`));
  try {
    const upper = join(work, 'upper');
    mkdirSync(upper);
    layer.fill(upper, work);
    chmodSync(upper, 0o755);
    // A device here is a mount's note that a file of a lower layer is gone; these images need no such note.
    run('Packing a layer', 'find', [upper, '-xdev', '-type', 'c', '-delete']);
    const packed = join(work, 'layer.tar');
    const left = unneeded.map(path => `--exclude=./${path}/*`);
    run('Packing a layer', 'tar', ['--create', '--numeric-owner', `--file=${packed}`, ...left, `--directory=${upper}`, '.']);
    const hash = createHash('sha256');
    await pipeline(createReadStream(packed), hash);
    removeEarlier(layer.name);
    renameSync(packed, archive(layer));
    writeFileSync(`${archive(layer)}.digest`, `sha256:${hash.digest('hex')}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function removeEarlier(name) {
  const ours = new RegExp(`^${name}-[0-9a-f]{16}\\.tar(\\.digest|\\.tree)?$`);
  for (const file of readdirSync(layers).filter(each => ours.test(each))) {
    rmSync(join(layers, file), { recursive: true });
  }
}
