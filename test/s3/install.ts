import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACKAGE = 'github.com/versity/versitygw/cmd/versitygw';
/** Go's own cache resumes a compilation that was stopped. */
const COMPILE_MS = 900_000;

/** Thrown where this machine cannot have an S3 server: a test skips with these words. */
export class NoServer extends Error {}

/**
 * Versity S3 Gateway, compiled once from its Go module into a cache outside the checkout, keyed by the pinned modules.
 * @returns path of the program
 * @throws NoServer
 */
export async function installServer(): Promise<string> {
  const pinned = createHash('sha256')
    .update(await readFile(join(__dirname, 'go.sum')))
    .digest('hex')
    .slice(0, 16);
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'veilbook-test-s3', pinned);
  const program = join(folder, 'versitygw');
  if (await isThere(program)) {
    return program;
  }
  if (!process.env.VEILBOOK_COMPILE_S3) {
    throw new NoServer('no S3 server here: npm run test:s3 compiles one');
  }
  await mkdir(folder, { recursive: true });
  const draft = `${program}.${process.pid}`;
  for (const go of ['go', '/usr/local/go/bin/go']) {
    try {
      await run(go, ['build', '-trimpath', '-ldflags', '-s -w', '-o', draft, PACKAGE], {
        cwd: __dirname,
        env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
        timeout: COMPILE_MS,
        maxBuffer: 1 << 26
      });
      await rename(draft, program);
      return program;
    } catch (thrown) {
      const { code, stderr, message } = thrown as Error & { code?: string; stderr?: string };
      if (code !== 'ENOENT') {
        throw new NoServer(`no S3 server here: ${(stderr || message).trim().split('\n').at(-1)}`);
      }
    }
  }
  throw new NoServer('no S3 server here: it is compiled from a Go module and there is no go');
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false
  );
