/**
 * The container images. `debian` is the sandbox of pods too, because no registry is asked for anything; `workspace` is it with
 * JupyterLab and Veilbook. containerd gets them as docker archives: a tar of the layers and of two descriptions.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Complaint } from './complaint.mjs';
import { debian, made, makeLayer } from './layers.mjs';
import { containerdSocket, imageList, state } from './places.mjs';
import { workspaceLayers, workspaceSettings } from './workspace-image.mjs';

export const imageName = 'veilbook.test/debian:1';
export const workspaceImageName = 'veilbook.test/workspace:1';
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Make what is missing of the images. The list of them is what a cluster loads. */
export async function buildImages(say) {
  const base = debian();
  await makeLayer(base, say);
  const workspace = [base];
  for (const next of workspaceLayers(base)) {
    await makeLayer(next, say);
    workspace.push(next);
  }
  const images = [
    { name: imageName, layers: [made(base)], settings: { Cmd: ['sleep', 'infinity'], Env: [`PATH=${path}`] } },
    { name: workspaceImageName, layers: workspace.map(made), settings: workspaceSettings(path) }
  ];
  writeFileSync(imageList, JSON.stringify(images, undefined, 2));
}

/** Give containerd the images that it does not have as they are now. */
export async function loadImages() {
  if (!existsSync(imageList)) {
    throw new Complaint('The images of the test cluster are not made yet: npm run cluster:build -- node');
  }
  const loadedList = join(state, 'images.json');
  const known = existsSync(loadedList) ? JSON.parse(readFileSync(loadedList, 'utf8')) : {};
  for (const image of JSON.parse(readFileSync(imageList, 'utf8'))) {
    const content = JSON.stringify(image);
    if (known[image.name] !== content) {
      await load(image);
      known[image.name] = content;
      writeFileSync(loadedList, JSON.stringify(known));
    }
  }
}

async function load({ name, layers, settings }) {
  const folder = mkdtempSync(join(tmpdir(), 'veilbook-image-'));
  try {
    const config = {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: settings,
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest: each }) => each) }
    };
    const files = layers.map((_, index) => `layer-${index}.tar`);
    layers.forEach(({ archive }, index) => symlinkSync(archive, join(folder, files[index])));
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: files }];
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
    const all = ['manifest.json', 'config.json', ...files];
    const pack = spawn('tar', ['--create', '--dereference', '--file=-', `--directory=${folder}`, ...all]);
    const into = ['--address', containerdSocket, '--namespace', 'k8s.io', 'images', 'import', '-'];
    const read = spawn('ctr', into, { stdio: ['pipe', 'ignore', 'pipe'] });
    let words = '';
    read.stderr.on('data', text => (words += text));
    const ended = new Promise((resolve, reject) => read.on('error', reject).on('exit', resolve));
    await pipeline(pack.stdout, read.stdin).catch(() => undefined); // ctr that fails stops reading; its words say why
    if ((await ended) !== 0) {
      throw new Complaint(`containerd did not take the image ${name}: ${words.trim()}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
