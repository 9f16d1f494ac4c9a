import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeStateDirs, startInProcess, type InProcess } from '../../test/sidecar/harness';
import { callSidecar, getJson } from './client';

const JSON_BODY = { 'Content-Type': 'application/json' };
const NAMES = ['HOME', 'KUBECONFIG', 'KUBERNETES_SERVICE_HOST'] as const;
const before = NAMES.map(name => [name, process.env[name]] as const);
let running: InProcess;
let home: string;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'veil-home-'));
  NAMES.forEach(name => delete process.env[name]);
  process.env.HOME = home;
  running = await startInProcess();
});

afterEach(async () => {
  running.sidecar.stop('test over');
  await running.sidecar.stopped;
  removeStateDirs();
  rmSync(home, { recursive: true });
  before.forEach(([name, value]) => (value === undefined ? delete process.env[name] : (process.env[name] = value)));
});

describe('Jobs where no cluster is', () => {
  it('are cluster_unavailable, whatever is asked for', async () => {
    const request = { name: 'fddb', claim: 'data', dataset: 'FDDB' };
    const submitted = callSidecar(running.connection, {
      method: 'POST',
      path: '/v1/jobs',
      body: Buffer.from(JSON.stringify(request)),
      headers: JSON_BODY
    });
    const removed = callSidecar(running.connection, { method: 'DELETE', path: '/v1/jobs/fddb' });
    const asked = ['/v1/jobs', '/v1/jobs/fddb', '/v1/jobs/fddb/logs?shard=1'].map(path => getJson(running.connection, path));
    for (const answer of [submitted, removed, ...asked]) {
      await expect(answer).rejects.toMatchObject({
        code: 'cluster_unavailable',
        message: 'No kubeconfig says which cluster is meant, and this is no pod of one.'
      });
    }
  });

  it('and what is not well formed is bad_request all the same', async () => {
    for (const path of ['/v1/jobs/No_Name', '/v1/jobs/fddb/logs?shard=-1', '/v1/jobs/fddb/logs?pod=a']) {
      await expect(getJson(running.connection, path)).rejects.toMatchObject({ code: 'bad_request' });
    }
    const body = Buffer.from(JSON.stringify({ name: 'fddb', claim: 'data', dataset: 'FDDB', priority: 1 }));
    await expect(
      callSidecar(running.connection, { method: 'POST', path: '/v1/jobs', body, headers: JSON_BODY })
    ).rejects.toMatchObject({ code: 'bad_request', message: expect.stringContaining('priority is not known here') });
  });
});
