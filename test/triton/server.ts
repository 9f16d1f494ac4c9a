import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { installTriton, type Installed } from './install';

/** A Triton that serves a repository, on ports of its own at 127.0.0.1. */
export interface RunningTriton {
  /** host:port */
  http: string;
  /** host:port */
  grpc: string;
  /** Of the server, for tests that kill or halt it. */
  pid: number;
  /** What the server wrote so far, both streams. */
  log(): string;
  stop(): Promise<void>;
}

export interface TritonOptions {
  /** Further flags of tritonserver, as in `--grpc-use-ssl=true`. */
  flags?: readonly string[];
  /** Ports to take, as those of a server that was stopped. */
  ports?: { http: number; grpc: number };
}

const READY_MS = 60_000;
const STOP_MS = 15_000;

/** Thrown where this machine cannot have a Triton: a test skips with these words. */
export class NoTriton extends Error {}

/**
 * Start a real Triton (2.51 out of nvidia-pytriton 0.7, python backend, no GPU needed) and wait until it is ready.
 * @param repository a model repository, as `veilbook export triton --platform python` writes it
 * @throws NoTriton where it cannot be installed; Error with the end of its log when it does not become ready
 */
export async function startTriton(repository: string, options: TritonOptions = {}): Promise<RunningTriton> {
  const installed = await installTriton();
  if (typeof installed === 'string') {
    throw new NoTriton(`no Triton here: ${installed}`);
  }
  const { http, grpc } = options.ports ?? { http: await freePort(), grpc: await freePort() };
  const server = launch(installed, repository, http, grpc, options.flags ?? []);
  let log = '';
  server.stdout!.on('data', chunk => (log += chunk));
  server.stderr!.on('data', chunk => (log += chunk));
  const stop = () => end(server);
  const running = { http: `127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}`, pid: server.pid!, log: () => log, stop };
  try {
    await ready(running.http, server);
  } catch (thrown) {
    await stop();
    throw new Error(`${(thrown as Error).message}:\n${faultsIn(log)}`);
  }
  return running;
}

function launch(
  { python, server, backends, libraries }: Installed,
  repository: string,
  http: number,
  grpc: number,
  flags: readonly string[]
): ChildProcess {
  const settings = {
    'model-repository': repository,
    'backend-directory': backends,
    'http-address': '127.0.0.1',
    'http-port': http,
    'grpc-address': '127.0.0.1',
    'grpc-port': grpc,
    'allow-metrics': false,
    'exit-timeout-secs': 1
  };
  return spawn(
    server,
    [...Object.entries(settings).map(([name, value]) => `--${name}=${value}`), '--disable-auto-complete-config', ...flags],
    // The stub of the python backend takes the first python3 of PATH, with the packages of its environment.
    {
      env: { PATH: `${dirname(python)}:/usr/bin:/bin`, LD_LIBRARY_PATH: libraries, HOME: '/tmp' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true
    }
  );
}

async function ready(http: string, server: ChildProcess): Promise<void> {
  for (const until = Date.now() + READY_MS; Date.now() < until; await wait(100)) {
    if (server.exitCode !== null || server.signalCode !== null) {
      throw new Error(`Triton ended with ${server.exitCode ?? server.signalCode} before it was ready`);
    }
    const answer = await fetch(`http://${http}/v2/health/ready`).catch(() => null);
    if (answer?.ok) {
      return;
    }
  }
  throw new Error(`Triton was not ready after ${READY_MS / 1000} s`);
}

/** With the stubs that it started: they are of its process group. */
async function end(server: ChildProcess): Promise<void> {
  const isOver = () => server.exitCode !== null || server.signalCode !== null;
  if (!isOver()) {
    const over = once(server, 'exit');
    server.kill('SIGTERM');
    await Promise.race([over, wait(STOP_MS, undefined, { ref: false })]);
  }
  try {
    process.kill(-server.pid!, 'SIGKILL');
  } catch {
    // Nobody is left of the group.
  }
}

/** Lines of severity E, and the last. */
function faultsIn(log: string): string {
  const lines = log.trim().split('\n');
  return [...lines.filter(line => /^E\d/.test(line)), ...lines.slice(-1)].join('\n');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
