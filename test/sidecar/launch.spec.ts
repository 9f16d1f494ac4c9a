import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { PROTOCOL, type ConnectionFile, type Hello, type PanelStatus } from '../../src/protocol';
import { getJson } from '../../src/sidecar/client';
import { hostId, readConnection } from '../../src/sidecar/connection-file';
import { ensureRunning, findRunning, isAlive } from '../../src/sidecar/launch';
import { statePaths } from '../../src/sidecar/state-dir';
import { removeStateDirs, until } from './harness';
import { finish, NODE_FOLDER, PYTHON, veilbook, withStateDir } from './processes';

jest.setTimeout(90_000);
afterAll(removeStateDirs);

/** A sidecar of another release, as far as starters see it. */
async function otherRelease(stateDir: string, changes: Partial<Hello>): Promise<{ server: Server; asked: string[] }> {
  const hello: Hello = { protocol: PROTOCOL, version: '9.9.9', instance: 'other-release', pid: process.pid, ...changes };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end(JSON.stringify(hello));
  });
  const socket = join(stateDir, 'other.sock');
  await new Promise<void>(settle => server.listen(socket, settle));
  const file: ConnectionFile = { ...hello, host: hostId(), socket, token: 't' };
  writeFileSync(statePaths(stateDir).connection, JSON.stringify(file), { mode: 0o600 });
  return { server, asked };
}

it('ten starters at once, in Node and Python, share one process', () =>
  withStateDir(async stateDir => {
    const python = 'import sys, veilbook.launcher as l; print(l.ensure_running(sys.argv[1]).pid)';
    const pids = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        if (n % 5 === 0) {
          const { stdout, stderr } = await finish(PYTHON, ['-c', python, stateDir]);
          return Number(stdout) || stderr;
        }
        const { stdout, stderr } = await veilbook('sidecar', 'start', '--json', '--state-dir', stateDir);
        const status = JSON.parse(stdout || '{}') as PanelStatus;
        return status.state === 'running' ? status.status.hello.pid : stderr;
      })
    );
    const { pid } = readConnection(statePaths(stateDir).connection)!;
    expect(pids).toEqual(Array.from({ length: 10 }, () => pid));
    const log = readFileSync(statePaths(stateDir).log, 'utf8');
    expect(log.match(/"msg":"started"/g)).toHaveLength(1);
  }));

it('a killed sidecar is replaced, and what it left is cleared', () =>
  withStateDir(async stateDir => {
    const first = await ensureRunning(stateDir);
    process.kill(first.pid, 'SIGKILL');
    await until(() => !isAlive(first.pid));
    expect(existsSync(first.socket)).toBe(true);
    expect(await findRunning(stateDir)).toBeNull();
    const second = await ensureRunning(stateDir);
    expect(second.instance).not.toBe(first.instance);
    expect(await getJson(second, '/v1/hello')).toMatchObject({ instance: second.instance });
    expect(existsSync(first.socket)).toBe(false);
  }));

it('another version with the same protocol will do', () =>
  withStateDir(async stateDir => {
    const { server, asked } = await otherRelease(stateDir, {});
    expect(await ensureRunning(stateDir)).toMatchObject({ version: '9.9.9' });
    expect(asked).not.toContain('POST /v1/stop');
    server.close();
    server.closeAllConnections();
  }));

it('another protocol is asked to stop, and a new one starts', () =>
  withStateDir(async stateDir => {
    const { server, asked } = await otherRelease(stateDir, { protocol: PROTOCOL + 1 });
    expect(await ensureRunning(stateDir)).toMatchObject({ protocol: PROTOCOL });
    expect(asked).toContain('POST /v1/stop');
    server.close();
    server.closeAllConnections();
  }));

it('a file that names another process than the one that answers is not believed', () =>
  withStateDir(async stateDir => {
    const first = await ensureRunning(stateDir);
    const path = statePaths(stateDir).connection;
    writeFileSync(path, JSON.stringify({ ...first, instance: 'somebody-else' }));
    expect(await findRunning(stateDir)).toBeNull();
    writeFileSync(path, JSON.stringify(first));
  }));

it('a state directory with a path too long for a socket works', () =>
  withStateDir(async short => {
    const stateDir = join(short, 'long'.repeat(30));
    const { socket } = await ensureRunning(stateDir);
    expect(socket.length).toBeLessThanOrEqual(100);
    expect((await veilbook('sidecar', 'stop', '--state-dir', stateDir)).code).toBe(0);
  }));

it('a sidecar that cannot start says why in one line', () =>
  withStateDir(async stateDir => {
    const failed = await finish(process.execPath, [join(NODE_FOLDER, 'sidecar.mjs'), '--state-dir', stateDir], {
      VEILBOOK_IDLE_MINUTES: 'soon'
    });
    expect(failed).toMatchObject({ code: 2, stdout: '' });
    expect(failed.stderr).toBe('VeilError: VEILBOOK_IDLE_MINUTES cannot be "soon". Nothing was started. Use a number above 0.\n');
    const started = await finish(process.execPath, [join(NODE_FOLDER, 'cli.mjs'), 'sidecar', 'start', '--state-dir', stateDir], {
      VEILBOOK_IDLE_MINUTES: 'soon'
    });
    expect(started.code).toBe(5);
    expect(started.stderr.trim().split('\n')).toHaveLength(1);
    expect(started.stderr).toContain('VEILBOOK_IDLE_MINUTES cannot be "soon"');
  }));
