import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { removeStateDirs, startInProcess, until } from '../../test/sidecar/harness';
import { type ConnectionFile } from '../protocol';
import { callSidecar, getJson } from './client';
import { readConnection } from './connection-file';
import { statePaths } from './state-dir';

const FRAME = {
  method: 'POST' as const,
  path: '/v1/detect?mode=clean&width=1&height=1',
  headers: { 'Content-Type': 'application/octet-stream' },
  body: new Uint8Array(3)
};

afterEach(removeStateDirs);

describe('a running sidecar', () => {
  it('writes a connection file of its owner alone that names the process', async () => {
    const { sidecar, connection, stateDir } = await startInProcess();
    expect(statSync(statePaths(stateDir).connection).mode & 0o777).toBe(0o600);
    expect(connection).toMatchObject({
      ...sidecar.hello,
      socket: sidecar.socket,
      token: expect.stringMatching(/^[0-9a-f]{64}$/)
    });
    expect(await getJson(connection, '/v1/hello')).toEqual(sidecar.hello);
    sidecar.stop('test');
    await sidecar.stopped;
  });

  it('aborts the work of a client that goes away', async () => {
    const { sidecar, connection, compute } = await startInProcess(60_000);
    const controller = new AbortController();
    const call = callSidecar(connection, { ...FRAME, signal: controller.signal });
    await until(() => compute.requests.length === 1);
    controller.abort();
    await expect(call).rejects.toThrow();
    await until(() => compute.aborted === 1);
    sidecar.stop('test');
    await sidecar.stopped;
  });

  it('finishes what runs before it goes, while a new one may already start', async () => {
    const { sidecar, connection, compute, stateDir } = await startInProcess(400);
    const call = callSidecar(connection, FRAME);
    await until(() => compute.requests.length === 1);
    await callSidecar(connection, { method: 'POST', path: '/v1/stop' });
    await until(() => !existsSync(statePaths(stateDir).connection));
    expect(JSON.parse((await call).toString())).toMatchObject({ run: 'run-1' });
    await sidecar.stopped;
    expect(compute.aborted).toBe(0);
    expect(existsSync(sidecar.socket)).toBe(false);
  });
});

describe('a stopping sidecar', () => {
  it('does not wait for a client that says nothing', async () => {
    const { sidecar, connection } = await startInProcess();
    const silent = connect(connection.socket);
    await until(() => silent.readyState === 'open');
    const closed = new Promise(settle => silent.once('close', settle));
    sidecar.stop('test');
    await sidecar.stopped;
    await closed;
  });
});

describe('the idle lease', () => {
  const idleMinutes = 0.15 / 60;

  it('ends a sidecar that nobody is connected to', async () => {
    const { sidecar, stateDir } = await startInProcess(0, { idleMinutes });
    await sidecar.stopped;
    expect(existsSync(statePaths(stateDir).connection)).toBe(false);
  });

  it('is held by an open connection', async () => {
    const { sidecar, connection } = await startInProcess(0, { idleMinutes });
    let over = false;
    void sidecar.stopped.then(() => (over = true));
    const client = connect(connection.socket);
    await new Promise(settle => setTimeout(settle, 600));
    expect(over).toBe(false);
    client.destroy();
    await sidecar.stopped;
  });

  it('is not held by who only looks', async () => {
    const { sidecar, connection } = await startInProcess(0, { idleMinutes: 1 / 60 });
    let [over, looks] = [false, 0];
    void sidecar.stopped.then(() => (over = true));
    await until(async () => {
      const look = callSidecar(connection, { method: 'GET', path: '/v1/status', headers: { 'Veilbook-Look': '1' } });
      await look.then(() => looks++).catch(() => undefined);
      return over;
    });
    expect(looks).toBeGreaterThan(2);
  });

  it('begins anew with everything else that is asked', async () => {
    const { sidecar, connection } = await startInProcess(0, { idleMinutes: 1 / 60 });
    let over = false;
    void sidecar.stopped.then(() => (over = true));
    for (const end = Date.now() + 600; Date.now() < end;) {
      await getJson(connection, '/v1/status');
    }
    expect(over).toBe(false);
    await sidecar.stopped;
  });

  it('ends at once when another took its place, and leaves the other its file', async () => {
    const { sidecar, connection, stateDir } = await startInProcess(0, { idleMinutes: 60 });
    const path = statePaths(stateDir).connection;
    const other: ConnectionFile = { ...connection, instance: randomUUID() };
    writeFileSync(path, JSON.stringify(other));
    await sidecar.stopped;
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(other);
  }, 15_000);

  it('ends when the state directory is gone', async () => {
    const { sidecar, stateDir } = await startInProcess(0, { idleMinutes: 60 });
    rmSync(stateDir, { recursive: true });
    await sidecar.stopped;
  }, 15_000);
});

describe('a connection file', () => {
  it('of another host, or a damaged one, is as good as none', async () => {
    const { sidecar, connection, stateDir } = await startInProcess();
    const path = statePaths(stateDir).connection;
    for (const text of [JSON.stringify({ ...connection, host: 'elsewhere 1234' }), '{"protocol":', '{}']) {
      writeFileSync(path, text);
      expect(readConnection(path)).toBeNull();
    }
    sidecar.stop('test');
    await sidecar.stopped;
  });
});
