/** Builds veilbook/node: the sidecar, the CLI and the compute worker with the parts that they share, and the wasm kernels. */
import { build } from 'esbuild';
import asc from 'assemblyscript/asc';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

process.chdir(new URL('..', import.meta.url).pathname);
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const outdir = 'veilbook/node';
mkdirSync(outdir, { recursive: true });

const { metafile } = await build({
  entryPoints: {
    cli: 'src/cli/main.ts',
    sidecar: 'src/sidecar/main.ts',
    'compute-worker': 'src/pipeline/compute-worker.ts'
  },
  outdir,
  outExtension: { '.js': '.mjs' },
  // What few need (Kubernetes) is a file of its own, read when it is asked for.
  splitting: true,
  chunkNames: '[name]-[hash]',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  sourcemap: true,
  // Native packages stay packages; everything else becomes part of the one file.
  external: ['onnxruntime-node', 'onnxruntime-common', 'sharp'],
  define: { VEILBOOK_VERSION: JSON.stringify(version) },
  // CommonJS dependencies inside an ES module bundle still call require; __dirname is the bundle's folder, where
  // compute-worker.mjs and kernels.wasm lie (under jest it is the source's folder).
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const __dirname = import.meta.dirname;"
  },
  metafile: true,
  logLevel: 'warning'
});
// Parts of an earlier build are nobody's any more.
const made = new Set(Object.keys(metafile.outputs).map(path => basename(path)));
for (const name of readdirSync(outdir).filter(name => /\.mjs(\.map)?$/.test(name) && !made.has(name))) {
  rmSync(join(outdir, name));
}
chmodSync(`${outdir}/cli.mjs`, 0o755);

const { error, stderr } = await asc.main([
  'assembly/index.ts',
  '--outFile',
  `${outdir}/kernels.wasm`,
  '--optimizeLevel',
  '3',
  '--noAssert',
  '--enable',
  'simd',
  '--runtime',
  'stub',
  '--importMemory'
]);
if (error) {
  process.stderr.write(`${stderr.toString()}\n`);
  process.exit(1);
}
