/**
 * The container images, kept in the cache by buildah. `debian` is the sandbox of pods too, because no registry is asked for
 * anything; the others are the Containerfile's targets above it. containerd gets them as archives.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildDebian, buildImage, imageId, ImageError, saveImage } from '../../../container/image.mjs';
import { Complaint } from './complaint.mjs';
import { checkout, containerdSocket, digest, images, state } from './places.mjs';

export const imageName = 'veilbook.test/debian:1';
export const workspaceImageName = 'veilbook.test/workspace:1';
export const cliImageName = 'veilbook.test/cli:1';
const all = [imageName, workspaceImageName, cliImageName];
const targets = { workspace: workspaceImageName, cli: cliImageName };
/** What the images were built of last. */
const builtOf = join(images, 'built-of.json');
const sources = [
  ...['Containerfile', 'container/**', 'veilbook/**', 'models/faceboxes/**', 'jupyter-config/**'],
  ...['pyproject.toml', 'package*.json', 'install.json']
];

/** Make what is missing of the images, or was made of something else. */
export function buildImages(say) {
  mkdirSync(images, { recursive: true });
  try {
    if (!imageId(imageName, images)) {
      say('making the image of a minimal Debian');
      buildDebian(imageName, images);
    }
    const key = digest(sources, checkout);
    const known = read(builtOf);
    for (const [target, tag] of Object.entries(targets)) {
      if (known[target] !== key || !imageId(tag, images)) {
        say(`building the image ${target} of the Containerfile`);
        buildImage({ target, base: imageName, tag, store: images });
        known[target] = key;
        writeFileSync(builtOf, JSON.stringify(known));
      }
    }
  } catch (error) {
    throw error instanceof ImageError ? new Complaint(error.message) : error;
  }
}

/** Give containerd the images that it does not have as they are now. */
export async function loadImages() {
  const loadedList = join(state, 'images.json');
  const loaded = read(loadedList);
  for (const name of all) {
    const id = imageId(name, images);
    if (!id) {
      throw new Complaint('The images of the test cluster are not made yet: npm run cluster:build -- node');
    }
    if (loaded[name] !== id) {
      await load(name);
      loaded[name] = id;
      writeFileSync(loadedList, JSON.stringify(loaded));
    }
  }
}

/** Give containerd an image of the cache. */
export async function load(name) {
  const folder = mkdtempSync(join(tmpdir(), 'veilbook-image-'));
  try {
    const file = join(folder, 'image.tar');
    saveImage(name, file, images);
    const into = ['--address', containerdSocket, '--namespace', 'k8s.io', 'images', 'import', file];
    await promisify(execFile)('ctr', into).catch(error => {
      throw new Complaint(`containerd did not take the image ${name}: ${error.message.trim()}`);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const read = file => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {});
