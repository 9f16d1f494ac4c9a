/**
 * node test/cluster/triton-image.mjs SITE_PACKAGES
 * Gives the running cluster an image with a real Triton: the server of nvidia-pytriton with its python backend and ONNX Runtime, from the
 * packages that test/triton/install.ts installs. Kept in the cache; 0.3 GB. Prints the image's name.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { imageId } from '../../container/image.mjs';
import { asCommand, Complaint } from './lib/complaint.mjs';
import { cliImageName, load } from './lib/image.mjs';
import { digest, images } from './lib/places.mjs';

const server = 'pytriton/tritonserver';
/** The server, its backend, and what a model.py of an exported repository runs on. */
const packages = [
  ...['bin', 'backends', 'caches'].map(part => `${server}/${part}`),
  ...['nvidia_pytriton.libs', 'numpy', 'numpy.libs', 'onnxruntime', 'ml_dtypes', 'flatbuffers', 'google', 'packaging']
];

const containerfile = `FROM ${cliImageName}
USER root
RUN apt-get update -q && apt-get install -q -y --no-install-recommends libpython3.11 libstdc++6 && apt-get clean
COPY packages /opt/triton
COPY --chmod=755 tritonserver /usr/local/bin/tritonserver
# The python backend's interpreter reads no PYTHONPATH, but what the environment of the first python3 has.
RUN echo /opt/triton > "$(python3 -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))')/triton.pth"
USER 1000:100
`;
const program = `#!/bin/sh
exec /opt/triton/${server}/bin/tritonserver --backend-directory=/opt/triton/${server}/backends --disable-auto-complete-config "$@"
`;
/** Another one where it would be made of something else. */
const name = `veilbook.test/triton:2.51-${digest([], undefined, containerfile, program, ...packages)}`;

function build(from) {
  const context = mkdtempSync(join(tmpdir(), 'veilbook-triton-'));
  try {
    for (const part of packages.filter(one => existsSync(join(from, one)))) {
      mkdirSync(dirname(join(context, 'packages', part)), { recursive: true });
      cpSync(join(from, part), join(context, 'packages', part), { recursive: true });
    }
    writeFileSync(join(context, 'tritonserver'), program);
    writeFileSync(join(context, 'Containerfile'), containerfile);
    const store = ['--root', join(images, 'images'), '--runroot', join(images, 'run'), '--storage-driver', 'overlay'];
    const args = [...store, 'build', '--format', 'docker', '--tag', name, '--file', join(context, 'Containerfile'), context];
    const env = { ...process.env, BUILDAH_ISOLATION: 'chroot' };
    const { status, error, stdout, stderr } = spawnSync('buildah', args, { encoding: 'utf8', env });
    if (status !== 0) {
      const words = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-8).join('\n');
      throw new Complaint(`Building the image ${name} failed: ${error?.message ?? words}`);
    }
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

await asCommand(async () => {
  if (!imageId(name, images)) {
    build(process.argv[2]);
  }
  await load(name);
  process.stdout.write(`${name}\n`);
});
