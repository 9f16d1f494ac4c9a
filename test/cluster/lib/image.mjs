/**
 * The one container image: a minimal Debian. It is the sandbox of pods too, because no registry is asked for anything.
 * A docker archive is a tar of three files, so no image builder is needed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Complaint } from './complaint.mjs';
import { imageArchive } from './places.mjs';

const suite = 'bookworm';
const mirror = 'http://deb.debian.org/debian';
export const imageName = 'veilbook.test/debian:1';

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) {
    throw new Complaint(
      `${command} ${args[0]} failed${error ? `: ${error.message}` : ''}. The image of the test cluster needs it.`
    );
  }
}

export async function buildImage(say) {
  if (existsSync(imageArchive)) {
    return;
  }
  say(`making the container image: debootstrap ${suite}`);
  mkdirSync(dirname(imageArchive), { recursive: true });
  const work = mkdtempSync(`${imageArchive}-`);
  try {
    const tree = join(work, 'tree');
    run('debootstrap', ['--variant=minbase', suite, tree, mirror]);
    const archive = join(work, 'archive');
    mkdirSync(archive);
    const layer = join(archive, 'layer.tar');
    const unneeded = [
      './var/cache/apt',
      './var/lib/apt/lists',
      './usr/share/doc',
      './usr/share/man',
      './usr/share/locale',
      './dev'
    ];
    run('tar', [
      '--create',
      '--numeric-owner',
      `--file=${layer}`,
      ...unneeded.map(path => `--exclude=${path}/*`),
      `--directory=${tree}`,
      '.'
    ]);
    const hash = createHash('sha256');
    await pipeline(createReadStream(layer), hash);
    const config = {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: ['sleep', 'infinity'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${hash.digest('hex')}`] }
    };
    writeFileSync(join(archive, 'config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: [imageName], Layers: ['layer.tar'] }];
    writeFileSync(join(archive, 'manifest.json'), JSON.stringify(manifest));
    const packed = join(work, 'image.tar');
    run('tar', ['--create', `--file=${packed}`, `--directory=${archive}`, 'manifest.json', 'config.json', 'layer.tar']);
    renameSync(packed, imageArchive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
