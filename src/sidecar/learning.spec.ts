import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { removeStateDirs, startInProcess, until, type InProcess } from '../../test/sidecar/harness';
import { type LearnJob, type LearnState, type SidecarEvent, type SidecarStatus } from '../protocol';
import { callSidecar, getJson } from './client';
import { isAlive } from './launch';
import type { SidecarSettings } from './settings';
import { statePaths } from './state-dir';

const STAND_IN = [process.execPath, join(__dirname, '..', '..', 'test', 'sidecar', 'stand-in-learn.mjs')];
let running: InProcess;

async function begin(changes: Partial<SidecarSettings> = {}): Promise<void> {
  running = await startInProcess(0, { learnCommand: STAND_IN, ...changes });
}

afterEach(async () => {
  running.sidecar.stop('test over');
  await running.sidecar.stopped;
  removeStateDirs();
});

async function call(method: 'POST' | 'DELETE', body?: object): Promise<LearnJob> {
  const sent = body && Buffer.from(JSON.stringify(body));
  const headers: Record<string, string> = sent ? { 'Content-Type': 'application/json' } : {};
  return JSON.parse((await callSidecar(running.connection, { method, path: '/v1/learn', headers, body: sent })).toString());
}

const start = (kind: string, more: object = {}) =>
  call('POST', { images: `/photographs/${kind}`, out: '/artefacts/new', ...more });
const current = async () => (await getJson<LearnState>(running.connection, '/v1/learn')).job!;

async function ended(): Promise<LearnJob> {
  await until(async () => (await current()).ended !== null);
  return current();
}

/** The pid of the one child of this process that learns. */
function childPid(): number {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const found = lines.filter(line => line.includes(STAND_IN[1]) && Number(line.trim().split(/\s+/)[1]) === process.pid);
  expect(found).toHaveLength(1);
  return Number(found[0].trim().split(/\s+/)[0]);
}

function listen(): SidecarEvent[] {
  const events: SidecarEvent[] = [];
  const { socket, token } = running.connection;
  const headers = { Authorization: `Bearer ${token}` };
  const request = httpRequest({ socketPath: socket, path: '/v1/events', headers });
  request.on('response', response =>
    response.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n')) {
        if (line.startsWith('data: ')) {
          events.push(JSON.parse(line.slice(6)) as SidecarEvent);
        }
      }
    })
  );
  request.end();
  return events;
}

describe('a learning job', () => {
  it('is none before the first', async () => {
    await begin();
    expect(await getJson(running.connection, '/v1/learn')).toEqual({ job: null });
    expect((await getJson<SidecarStatus>(running.connection, '/v1/status')).learn).toBeNull();
    await expect(call('DELETE')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('hands every option on, and ends with the report', async () => {
    await begin();
    const options = { mode: 'cloak', alphas: [0.2, 0.8], looks: 16, seed: 0, device: 'cpu', model: '/m', install: true };
    const job = await start('quick', options);
    expect(job).toMatchObject({ state: 'running', ended: null, request: { images: '/photographs/quick', seed: 0 } });
    const done = await ended();
    expect(done).toMatchObject({ job: job.job, state: 'done', error: null, progress: { stage: 'spectra', done: 0.1 } });
    expect(JSON.parse(done.report!.notices[0])).toEqual({
      images: '/photographs/quick',
      out: '/artefacts/new',
      mode: 'cloak',
      alphas: '0.2,0.8',
      looks: '16',
      seed: '0',
      device: 'cpu',
      model: '/m',
      install: true,
      'as-job': true
    });
    expect((await getJson<SidecarStatus>(running.connection, '/v1/status')).learn).toEqual(done);
  });

  it('runs alone: the same request joins it, another is refused, and it can be cancelled', async () => {
    await begin();
    const first = await start('slow');
    expect((await start('slow')).job).toBe(first.job);
    await expect(start('quick')).rejects.toMatchObject({ code: 'busy', message: expect.stringContaining('/artefacts/new') });
    await until(async () => (await current()).progress !== null);
    expect(await call('DELETE')).toMatchObject({ job: first.job, state: 'cancelling' });
    expect(await ended()).toMatchObject({ state: 'cancelled', report: null, error: null });
    expect((await start('quick')).job).not.toBe(first.job);
    expect((await ended()).state).toBe('done');
  });

  it('that is refused says why; one that dies says how, and inference goes on', async () => {
    await begin();
    await start('refused');
    expect(await ended()).toMatchObject({
      state: 'failed',
      error: { code: 'bad_request', message: '3 photographs are too few.', remedy: 'Do otherwise.' }
    });
    await start('crash');
    expect(await ended()).toMatchObject({ state: 'failed', error: { code: 'worker_died' } });
    const { message, remedy } = (await current()).error!;
    expect(message).toContain('SIGKILL, perhaps because memory ran out');
    expect(message).toContain('stands in for learning');
    expect(remedy).toContain('goes on where it stopped');
    await callSidecar(running.connection, {
      method: 'POST',
      path: '/v1/detect?mode=clean&width=1&height=1',
      headers: { 'Content-Type': 'application/octet-stream' },
      body: new Uint8Array(3)
    });
    expect(readFileSync(statePaths(running.stateDir).log, 'utf8')).toContain('"msg":"learning pass ended"');
  });

  it('whose program cannot be started has failed', async () => {
    await begin({ learnCommand: ['/no/such/node'] });
    await start('quick');
    expect(await ended()).toMatchObject({ state: 'failed', error: { code: 'worker_died' } });
    expect((await current()).error!.message).toContain('ENOENT');
  });

  it('tells of its progress at most four times a second, and of its end at once', async () => {
    await begin();
    const events = listen();
    await until(async () => (await getJson<SidecarStatus>(running.connection, '/v1/status')).clients === 2);
    const began = performance.now();
    await start('busy');
    await until(() => events.some(event => event.type === 'learn' && event.job.state === 'done'));
    const seconds = (performance.now() - began) / 1000;
    const states = events.map(event => (event.type === 'learn' ? event.job.state : event.type));
    expect(states.filter(state => state === 'done')).toHaveLength(1);
    expect(states.filter(state => state === 'running').length).toBeGreaterThan(2);
    // The first one tells that it began.
    expect(states.filter(state => state === 'running').length).toBeLessThanOrEqual(1 + Math.ceil(4 * seconds));
  });

  it.each([
    [{ images: 'photographs' }, 'photographs is no absolute path'],
    [{ out: './new' }, './new is no absolute path'],
    [{ model: 'models/mine' }, 'models/mine is no absolute path'],
    [{ seed: -1 }, 'body: seed must be >= 0'],
    [{ epochs: 3 }, 'body: epochs is not known here']
  ])('with %j is refused in one line', async (fault, message) => {
    await begin();
    await expect(start('quick', fault)).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining(message)
    });
    expect((await getJson<LearnState>(running.connection, '/v1/learn')).job).toBeNull();
  });

  it('takes a registered name for a model', async () => {
    await begin();
    await start('quick', { model: 'faceboxes' });
    expect((await ended()).state).toBe('done');
  });
});

describe('the process of a learning job', () => {
  it('has less than normal priority, keeps the sidecar while it runs, and not afterwards', async () => {
    await begin({ idleMinutes: 0.1 / 60 });
    await start('slow');
    const pid = childPid();
    expect(getPriority(pid)).toBe(10);
    if (process.platform === 'linux') {
      expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim()).toBe('1000');
    }
    await new Promise(settle => setTimeout(settle, 400));
    expect(await getJson(running.connection, '/v1/hello')).toEqual(running.sidecar.hello);
    await call('DELETE');
    await running.sidecar.stopped;
  });

  it('ends with a sidecar that is stopped', async () => {
    await begin();
    await start('slow');
    const pid = childPid();
    running.sidecar.stop('test');
    await running.sidecar.stopped;
    expect(isAlive(pid)).toBe(false);
  });

  it('that does not stop when asked is ended', async () => {
    await begin();
    await start('stubborn');
    await until(async () => (await current()).progress !== null);
    await call('DELETE');
    expect(await ended()).toMatchObject({ state: 'cancelled' });
  });
});
