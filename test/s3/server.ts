import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { installServer, NoServer } from './install';

export const KEYS = { accessKeyId: 'veilbook-test', secretAccessKey: 'a secret key that must be nowhere' };
const READY_MS = 60_000;

/** An S3 server on a directory, on a port of its own. */
export interface RunningServer {
  port: number;
  /** Where the objects of a bucket lie as files. */
  bucket(name: string): string;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Again on the same port and directory. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

export interface ServerOptions {
  /** PEM files: it then speaks TLS alone. */
  tls?: { cert: string; key: string };
  /** Default: 127.0.0.1. */
  address?: string;
}

/**
 * Start a real S3 server (Versity S3 Gateway, posix backend) and wait until it accepts connections.
 * @throws NoServer
 */
export async function startServer({ tls, address = '127.0.0.1' }: ServerOptions = {}): Promise<RunningServer> {
  const program = await installServer();
  const port = await freePort(address);
  const root = await mkdtemp(join(tmpdir(), 'veilbook-s3-'));
  const objects = join(root, 'objects');
  const users = join(root, 'users');
  await Promise.all([objects, users].map(each => mkdir(each)));
  const flags = [
    '--port',
    `${address}:${port}`,
    '--quiet',
    '--iam-dir',
    users,
    ...(tls ? ['--cert', tls.cert, '--key', tls.key] : [])
  ];
  const launch = async () => {
    const server = spawn(program, [...flags, 'posix', objects], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ROOT_ACCESS_KEY: KEYS.accessKeyId, ROOT_SECRET_KEY: KEYS.secretAccessKey }
    });
    let log = '';
    server.stdout.on('data', chunk => (log += chunk));
    server.stderr.on('data', chunk => (log += chunk));
    for (const until = performance.now() + READY_MS; !(await accepts(address, port)); await wait(50)) {
      if (server.exitCode !== null || performance.now() > until) {
        server.kill('SIGKILL');
        throw new Error(`The S3 server did not start:\n${log}`);
      }
    }
    return server;
  };
  let server = await launch();
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (server.exitCode === null && server.signalCode === null) {
      const gone = once(server, 'exit');
      server.kill(signal);
      await gone;
    }
  };
  return {
    port,
    bucket: name => join(objects, name),
    stop,
    async start() {
      server = await launch();
    },
    async remove() {
      await stop('SIGKILL');
      await rm(root, { recursive: true, force: true });
    }
  };
}

/** The same; null, told in a line, where this machine cannot have one: what needs it is left out. */
export async function startOrSkip(options?: ServerOptions): Promise<RunningServer | null> {
  try {
    return await startServer(options);
  } catch (thrown) {
    if (!(thrown instanceof NoServer)) {
      throw thrown;
    }
    process.stderr.write(`skipped: ${thrown.message}\n`);
    return null;
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ port, host });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
