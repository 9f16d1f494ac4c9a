/**
 * npm run image -- [--target cli|workspace] [--base IMAGE|debootstrap] [--tag NAME]
 * Builds a target of the Containerfile with buildah, from this checkout as it is built. The base `debootstrap` is a minimal
 * Debian made here from its packages, where no registry is to be asked; that needs root.
 */
import { parseArgs } from 'node:util';
import { buildDebian, buildImage, imageId, ImageError } from './image.mjs';

const DEBIAN = 'localhost/veilbook-debian:bookworm';

try {
  const { values } = parseArgs({
    options: { target: { type: 'string', default: 'cli' }, base: { type: 'string' }, tag: { type: 'string' } }
  });
  const { target, base, tag = `localhost/veilbook-${target}:latest` } = values;
  if (!['cli', 'workspace'].includes(target)) {
    throw new ImageError(`There is no target ${target}. Targets: cli, workspace.`);
  }
  if (base === 'debootstrap' && !imageId(DEBIAN)) {
    buildDebian(DEBIAN);
  }
  buildImage({ target, base: base === 'debootstrap' ? DEBIAN : base, tag });
  process.stdout.write(`${tag}\n`);
} catch (error) {
  if (!(error instanceof ImageError) && !error.code?.startsWith('ERR_PARSE_ARGS')) {
    throw error;
  }
  process.stderr.write(`image: ${error.message}\n`);
  process.exit(1);
}
