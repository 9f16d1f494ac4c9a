import { execFile } from 'node:child_process';
import { access, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');
const WHERE = join(root, '.cache', 'triton');
const PYTHONS = [join(root, '.venv/bin/python'), 'python3'];

/** Where a Triton, its Python and that Python's shared library lie. */
export interface Installed {
  python: string;
  server: string;
  backends: string;
  /** Triton's python backend loads libpython from here. */
  libraries: string;
}

/** Version, folder of the shared library and its name, one a line. */
const ABOUT = [
  'import sys, sysconfig',
  'print("%d.%d" % sys.version_info[:2])',
  'print(sysconfig.get_config_var("LIBDIR"))',
  'print(sysconfig.get_config_var("INSTSONAME"))'
].join('\n');

/**
 * A real Triton out of the wheel nvidia-pytriton, in `.cache/triton`: 0.4 GB, fetched once by pip.
 * @returns what keeps this machine from having one, in words, in its place
 */
export async function installTriton(): Promise<Installed | string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return 'nvidia-pytriton carries a server for Linux on x86-64 alone';
  }
  const reasons: string[] = [];
  for (const python of PYTHONS) {
    try {
      return await installFor(python);
    } catch (thrown) {
      const { stderr, message } = thrown as Error & { stderr?: string };
      reasons.push(`${python}: ${(stderr?.trim() || message).split('\n').at(-1)}`);
    }
  }
  return reasons.join('; ');
}

async function installFor(base: string): Promise<Installed> {
  const [version, libraries, library] = (await run(base, ['-c', ABOUT])).stdout.trim().split('\n');
  await access(join(libraries, library)).catch(() => {
    throw new Error(`it has no shared library ${library} in ${libraries}`);
  });
  const packages = join(WHERE, 'lib', `python${version}`, 'site-packages');
  const triton = join(packages, 'pytriton/tritonserver');
  if (!(await isThere(join(triton, 'bin/tritonserver')))) {
    await make(base, version);
  }
  return {
    python: join(WHERE, 'bin/python'),
    server: join(triton, 'bin/tritonserver'),
    backends: join(triton, 'backends'),
    libraries
  };
}

/** Made beside its place, so that what is there is whole, whoever else makes one at the same time. */
async function make(base: string, version: string): Promise<void> {
  const beside = `${WHERE}.${process.pid}`;
  try {
    await mkdir(join(root, '.cache'), { recursive: true });
    await run(base, ['-m', 'venv', beside]);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement'];
    const python = join(beside, 'bin/python');
    await run(python, [...install, join(__dirname, 'server.txt'), '--no-deps']);
    await run(python, [...install, join(__dirname, 'runtime.txt')]);
    const triton = join(beside, 'lib', `python${version}`, 'site-packages/pytriton/tritonserver');
    const stub = 'triton_python_backend_stub';
    // The backend looks for the stub of its Python beside itself.
    await copyFile(join(triton, 'python_backend_stubs', version, stub), join(triton, 'backends/python', stub));
    await rename(beside, WHERE).catch(async error => {
      if (!(await isThere(join(WHERE, 'bin/python')))) {
        throw error;
      }
    });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false
  );
