import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { newStateDir, removeStateDirs, startInProcess, until, type InProcess } from '../../test/sidecar/harness';
import type {
  HoldingList,
  SidecarEvent,
  Snapshot,
  SnapshotFolder,
  SnapshotList,
  WorkspaceList,
  WorkspaceOperation,
  WorkspaceView
} from '../protocol';
import { callSidecar, getJson, type Call } from './client';

const JSON_BODY = { 'Content-Type': 'application/json' };
const before = process.env.XDG_DATA_HOME;
let running: InProcess;
let dir: string;

beforeEach(async () => {
  const place = newStateDir();
  process.env.XDG_DATA_HOME = join(place, 'data');
  dir = join(place, 'work');
  mkdirSync(dir);
  writeFileSync(join(dir, 'labels.csv'), 'one');
  running = await startInProcess();
});

afterEach(async () => {
  running.sidecar.stop('test over');
  await running.sidecar.stopped;
  removeStateDirs();
  process.env.XDG_DATA_HOME = before;
});

async function ask<T>(method: Call['method'], path: string, body?: object): Promise<T> {
  const answer = await callSidecar(running.connection, {
    method,
    path: `/v1/workspace${path}?${new URLSearchParams({ dir })}`,
    ...(body ? { body: Buffer.from(JSON.stringify(body)), headers: JSON_BODY } : {})
  });
  return JSON.parse(answer.toString()) as T;
}

const get = <T>(path: string, query: Record<string, string>) =>
  getJson<T>(running.connection, `/v1${path}?${new URLSearchParams(query)}`);
const view = () => ask<WorkspaceView>('GET', '');
const list = async () => (await ask<SnapshotList>('GET', '/snapshots')).snapshots;

/** Begin, and wait for its end. */
async function perform(method: Call['method'], path: string, body?: object): Promise<WorkspaceOperation> {
  let now = await ask<WorkspaceOperation>(method, path, body);
  await until(async () => {
    now = await getJson<WorkspaceOperation>(running.connection, `/v1/workspace/operations/${now.record.id}`);
    return now.record.state !== 'running';
  });
  return now;
}

async function snapshot(label: string): Promise<Snapshot> {
  const { record, result } = await perform('POST', '/snapshots', { label });
  expect(record.state).toBe('done');
  return result!.snapshot!;
}

const labels = () => readFileSync(join(dir, 'labels.csv'), 'utf8');

describe('a workspace over the socket', () => {
  it('is told of before its first snapshot, and nothing is written for that', async () => {
    const { workspace, capabilities, operation } = await view();
    expect(workspace).toMatchObject({ location: dir, state: 'present', snapshots: 0, last_restore: null });
    expect(capabilities.actions.snapshot.allowed).toBe(true);
    expect(operation).toBeNull();
    expect(await list()).toEqual([]);
    expect(existsSync(process.env.XDG_DATA_HOME!)).toBe(false);
  });

  it('goes back to a snapshot, and forth again', async () => {
    const taken = await snapshot('before training');
    expect((await list()).map(({ id, label }) => [id, label])).toEqual([[taken.id, 'before training']]);
    writeFileSync(join(dir, 'labels.csv'), 'two!');
    const restored = await perform('POST', '/restore', { snapshot: taken.id });
    expect(restored.result?.restored).toMatchObject({ snapshot: taken.id, replaced: 1 });
    expect(labels()).toBe('one');
    expect((await view()).workspace.last_restore).toMatchObject({ snapshot: taken.id, undone: false });
    await perform('POST', '/undo');
    expect(labels()).toBe('two!');
    expect((await view()).operation).toMatchObject({ record: { kind: 'undo', state: 'done' } });
  });

  it('brings back single files, clones, pins, deletes and retains', async () => {
    const taken = await snapshot('one');
    writeFileSync(join(dir, 'labels.csv'), 'two!');
    writeFileSync(join(dir, 'new.txt'), 'new');
    await perform('POST', '/restore-files', { snapshot: taken.id, paths: ['labels.csv'] });
    expect([labels(), existsSync(join(dir, 'new.txt'))]).toEqual(['one', true]);
    const to = `${dir}-2`;
    expect((await perform('POST', '/clone', { to, snapshot: taken.id })).result?.made).toMatchObject({ location: to });
    expect(readFileSync(join(to, 'labels.csv'), 'utf8')).toBe('one');
    expect(await ask('PUT', `/snapshots/${taken.id}/pin`, { pinned: true })).toMatchObject({ pinned: true });
    expect((await perform('DELETE', `/snapshots/${taken.id}`)).record).toMatchObject({
      state: 'failed',
      error: { code: 'bad_request', remedy: 'Unpin it first.' }
    });
    const { result } = await perform('POST', '/retain', { keep_last: 1, dry_run: true });
    expect(result?.retained?.kept.map(({ id }) => id)).toContain(taken.id);
    await ask('PUT', `/snapshots/${taken.id}/pin`, { pinned: false });
    expect((await perform('DELETE', `/snapshots/${taken.id}`)).record.state).toBe('done');
    expect((await list()).some(({ id }) => id === taken.id)).toBe(false);
  });

  it('tells which snapshots hold a file, and what lies in a folder of one', async () => {
    const first = await snapshot('one');
    mkdirSync(join(dir, 'data'));
    writeFileSync(join(dir, 'data', 'more.csv'), 'more');
    symlinkSync('data', join(dir, 'link'));
    const second = await snapshot('two');
    const holding = (...paths: string[]) => ask<HoldingList>('POST', '/holding', { paths });
    expect((await holding('labels.csv')).holdings.map(({ snapshot }) => snapshot.id)).toEqual([second.id, first.id]);
    const { holdings } = await holding('./data/more.csv', 'labels.csv', 'gone');
    expect(holdings[0].held).toMatchObject([
      { path: 'data/more.csv', kind: 'file', bytes: 4 },
      { path: 'labels.csv', kind: 'file', bytes: 3 }
    ]);
    expect(holdings[1].held).toHaveLength(1);
    // A restore does not go through a link.
    expect((await holding('link/more.csv')).holdings).toEqual([]);
    const inFolder = (id: string, path: string) => get<SnapshotFolder>(`/workspace/snapshots/${id}/files`, { dir, path });
    expect((await inFolder(second.id, '')).entries.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      'data folder',
      'labels.csv file',
      'link link'
    ]);
    expect(await inFolder(second.id, 'data')).toMatchObject({ entries: [{ path: 'data/more.csv', bytes: 4 }], total: 1 });
    await expect(inFolder(second.id, 'link')).rejects.toMatchObject({ code: 'not_found' });
    await expect(inFolder(second.id, '../..')).rejects.toMatchObject({ code: 'bad_request' });
    await expect(holding('../secret')).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('lists, clones and removes other workspaces, and not the one it is asked from', async () => {
    const others = async () => (await get<WorkspaceList>('/workspaces', { dir })).workspaces;
    await perform('POST', '/clone', { to: `${dir}-2` });
    const [made] = await others();
    expect(made).toMatchObject({ location: `${dir}-2`, made_here: true });
    writeFileSync(join(dir, 'labels.csv'), 'two!');
    const cloned = await perform('POST', 's/clone', { workspace: made.id, to: `${dir}-3` });
    expect(cloned).toMatchObject({ record: { state: 'done' }, result: { made: { location: `${dir}-3` } } });
    expect(readFileSync(join(`${dir}-3`, 'labels.csv'), 'utf8')).toBe('one');
    // Whoever missed its end by events finds it here.
    expect((await view()).operation?.record.id).toBe(cloned.record.id);
    const remove = (workspace: string, confirm: string) => perform('POST', 's/delete', { workspace, confirm });
    expect((await remove(made.id, 'no')).record).toMatchObject({ state: 'failed', error: { code: 'bad_request' } });
    expect((await remove(made.id, made.name)).record.state).toBe('done');
    expect(existsSync(`${dir}-2`)).toBe(false);
    const { workspace } = await view();
    await expect(ask('POST', 's/delete', { workspace: workspace.id, confirm: workspace.name })).rejects.toMatchObject({
      code: 'bad_request'
    });
    await expect(ask('POST', 's/clone', { workspace: 'none', to: `${dir}-4` })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('does one thing at a time, tells how it goes on by events, and stops when it is asked to', async () => {
    mkdirSync(join(dir, 'many'));
    for (let n = 0; n < 400; n++) {
      writeFileSync(join(dir, 'many', `${n}`), 'x'.repeat(500));
    }
    const heard: SidecarEvent[] = [];
    const listening = listen(heard);
    await until(() => listening.open);
    const { record } = await ask<WorkspaceOperation>('POST', '/snapshots', { label: 'long' });
    expect(record).toMatchObject({ kind: 'snapshot', state: 'running' });
    await expect(ask('POST', '/snapshots', {})).rejects.toMatchObject({ code: 'busy' });
    const stop = { method: 'DELETE' as const, path: `/v1/workspace/operations/${record.id}` };
    await callSidecar(running.connection, stop);
    await until(() => heard.some(event => event.type === 'workspace' && event.operation.record.state === 'cancelled'));
    expect(heard.every(event => event.type === 'workspace' && event.operation.record.id === record.id)).toBe(true);
    expect(await list()).toEqual([]);
    await expect(callSidecar(running.connection, stop)).rejects.toMatchObject({ code: 'bad_request' });
    listening.close();
  });

  it('refuses what it cannot do in one line', async () => {
    const refused = { record: { state: 'failed', error: { code: 'not_found' } } };
    expect(await perform('POST', '/undo')).toMatchObject(refused);
    expect(await perform('POST', '/restore', { snapshot: '../..' })).toMatchObject(refused);
    await expect(ask('POST', '/restore', {})).rejects.toMatchObject({ code: 'bad_request' });
    dir = 'relative';
    await expect(view()).rejects.toMatchObject({ code: 'bad_request' });
    dir = '/nowhere/at/all';
    await expect(view()).rejects.toMatchObject({ code: 'not_found' });
    const unknown = getJson(running.connection, '/v1/workspace/operations/none');
    await expect(unknown).rejects.toMatchObject({ code: 'not_found' });
  });
});

/** The sidecar's events, from when `open` is true. */
function listen(heard: SidecarEvent[]): { open: boolean; close(): void } {
  const listening = { open: false, close: () => request.destroy() };
  const { socket, token } = running.connection;
  const request = httpRequest({ socketPath: socket, path: '/v1/events', headers: { Authorization: `Bearer ${token}` } }, answer =>
    answer.on('data', (chunk: Buffer) => {
      listening.open = true;
      for (const line of chunk.toString().split('\n')) {
        if (line.startsWith('data:')) {
          heard.push(JSON.parse(line.slice(5)) as SidecarEvent);
        }
      }
    })
  );
  request.on('error', () => undefined).end();
  return listening;
}
