/** Images by buildah: what the Containerfile copies, a base from Debian's packages alone, and the build itself. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const debian = { suite: 'bookworm', mirror: 'http://deb.debian.org/debian' };
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** What packages write and no container reads. */
const unneeded = ['var/cache/apt', 'var/lib/apt/lists', 'var/log', 'usr/share/doc', 'usr/share/man', 'usr/share/locale'];

/** An error whose message is all that a person needs. */
export class ImageError extends Error {}

/** Run a program to its end; returns what it printed. The last lines of its output become the error. */
function run(what, command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (error?.code === 'ENOENT') {
    throw new ImageError(`${what} needs ${command}: apt-get install -y --no-install-recommends ${command}.`);
  }
  if (status !== 0) {
    const words = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-8).join('\n');
    throw new ImageError(`${what} failed: ${error?.message ?? words}`);
  }
  return stdout?.trim();
}

/** buildah with a store of its own below `store`, or with the user's. */
function buildah(store) {
  const where = store ? ['--root', join(store, 'images'), '--runroot', join(store, 'run'), '--storage-driver', 'overlay'] : [];
  // A chroot is enough for what runs here, and works where a container inside a container may not.
  const env = { ...process.env, BUILDAH_ISOLATION: 'chroot' };
  return (what, ...args) => run(what, 'buildah', [...where, ...args], { env });
}

/** The id of an image; null where the store has none of that name. */
export function imageId(name, store) {
  const found = buildah(store)('Looking for an image', 'images', '--json');
  return JSON.parse(found || '[]').find(({ names }) => names?.includes(name))?.id ?? null;
}

/** An image of a minimal Debian, made of its packages without a registry. Needs root and debootstrap. */
export function buildDebian(name, store) {
  const tool = buildah(store);
  const container = tool('Beginning an image', 'from', 'scratch');
  try {
    const root = tool('Opening an image', 'mount', container);
    // A mount namespace of its own: debootstrap leaves /proc mounted.
    const apart = ['--mount', '--propagation', 'private'];
    run('Installing Debian', 'unshare', [...apart, 'debootstrap', '--variant=minbase', debian.suite, root, debian.mirror]);
    // The folders stay: apt and dpkg want them.
    unneeded.forEach(path => run('Clearing up', 'find', [join(root, path), '-type', 'f', '-delete']));
    tool('Closing an image', 'umount', container);
    tool('Describing an image', 'config', '--env', `PATH=${path}`, '--cmd', '["sleep","infinity"]', container);
    tool('Keeping an image', 'commit', '--quiet', '--rm', container, name);
  } catch (error) {
    tool('Clearing up', 'rm', container);
    throw error;
  }
}

/**
 * Build a target of the Containerfile from this checkout, which must be built (`npm run build`).
 * @param base image that it stands on
 * @param tag name of the result
 * @param store folder of the images; default the user's own
 */
export function buildImage({ target, base, tag, store }) {
  const context = mkdtempSync(join(tmpdir(), 'veilbook-context-'));
  try {
    gather(context);
    if (store) {
      buildah(store)('Clearing up', 'rm', '--all'); // what a build that was killed has left
    }
    const args = ['--layers', '--format', 'docker', '--target', target, '--tag', tag, '--file', join(checkout, 'Containerfile')];
    buildah(store)(
      `Building the image ${tag}`,
      'build',
      ...args,
      ...(base ? ['--build-arg', `BASE=${base}`] : []),
      ...['--build-arg', `WHEEL=${wheelHash(context)}`],
      ...network(),
      context
    );
    if (store) {
      // Of a store of the user's own nothing is cleared: other images and containers are there.
      buildah(store)('Clearing up', 'rmi', '--prune');
    }
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** Write an image as an archive that `docker load` and `ctr images import` read. */
export function saveImage(name, file, store) {
  buildah(store)(`Writing the image ${name}`, 'push', '--quiet', name, `docker-archive:${file}:${name}`);
}

/** How pip reaches its index from this machine; proxies buildah hands on by itself. */
function network() {
  const authorities = process.env.PIP_CERT ?? process.env.SSL_CERT_FILE;
  const inside = '/run/authorities.pem';
  return [
    ...(authorities && existsSync(authorities)
      ? ['--volume', `${authorities}:${inside}:ro`, '--build-arg', `PIP_CERT=${inside}`]
      : []),
    ...(process.env.PIP_INDEX_URL ? ['--build-arg', `PIP_INDEX_URL=${process.env.PIP_INDEX_URL}`] : [])
  ];
}

/** What the Containerfile copies: the wheel, the native packages that its Node programs load, a first file for a workspace. */
function gather(context) {
  const built = ['node/sidecar.mjs', 'labextension/package.json'].map(file => join(checkout, 'veilbook', file));
  if (!built.every(file => existsSync(file))) {
    throw new ImageError('The image holds the built Veilbook and it is not built here: npm run build');
  }
  const own = join(checkout, '.venv', 'bin', 'python');
  const python = existsSync(own) ? own : 'python3';
  run('Making the wheel', python, ['-m', 'pip', 'wheel', '--quiet', '--no-deps', '--wheel-dir', context, checkout]);
  for (const name of withDependencies(['onnxruntime-node', 'sharp'])) {
    const [from, to] = [checkout, context].map(folder => join(folder, 'node_modules', name));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { recursive: true, dereference: true, filter: path => !isForeign(relative(from, path)) });
  }
  cpSync(join(checkout, 'container', 'run-accuracy-measurement.py'), join(context, 'run-accuracy-measurement.py'));
  mkdirSync(join(context, 'workspace'));
  writeFileSync(join(context, 'workspace', 'welcome.txt'), 'Put your notebooks here.\n');
}

/** SHA-256 of the wheel that an image is made of. */
function wheelHash(context) {
  const [wheel] = readdirSync(context).filter(name => name.endsWith('.whl'));
  return createHash('sha256')
    .update(readFileSync(join(context, wheel)))
    .digest('hex');
}

/** ONNX Runtime comes with the libraries of every system. */
const isForeign = path => {
  const [, system, architecture] = /^bin\/napi-v\d+\/(\w+)(?:\/(\w+))?/.exec(path) ?? [];
  return system !== undefined && (system !== 'linux' || (architecture !== undefined && architecture !== process.arch));
};

/** Names of installed npm packages and all that they need, as far as it lies flat in node_modules. */
function withDependencies(names) {
  const found = new Set();
  const visit = name => {
    const description = join(checkout, 'node_modules', name, 'package.json');
    if (!found.has(name) && existsSync(description)) {
      found.add(name);
      const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(description, 'utf8'));
      Object.keys({ ...dependencies, ...optionalDependencies }).forEach(visit);
    }
  };
  names.forEach(visit);
  return [...found];
}
