import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectTail } from '../../src/egress';
import { loadModel, summarise } from '../../src/models';
import type { ModelSummary } from '../../src/protocol';
import { veilbook } from '../cli/cli';
import { NoTriton, startTriton, type RunningTriton } from '../triton/server';

jest.setTimeout(600_000);

const NAMES = ['VEILBOOK_SERVERS', 'VEILBOOK_POLICY'] as const;
const before = NAMES.map(name => [name, process.env[name]] as const);
let folder: string;
let triton: RunningTriton | null = null;
let loaded: ModelSummary;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-inspected-'));
  process.env.VEILBOOK_SERVERS = join(folder, 'servers.json');
  delete process.env.VEILBOOK_POLICY;
  const repository = join(folder, 'repository');
  await veilbook(['export', 'triton', '--out', repository, '--alphas', '0.8', '--platform', 'python']);
  loaded = summarise(await loadModel());
  try {
    triton = await startTriton(repository);
  } catch (thrown) {
    if (!(thrown instanceof NoTriton)) {
      throw thrown;
    }
    process.stderr.write(`${thrown.message}: not tested with it\n`);
  }
});

afterAll(async () => {
  await triton?.stop();
  rmSync(folder, { recursive: true });
  before.forEach(([name, value]) => (value === undefined ? delete process.env[name] : (process.env[name] = value)));
});

it('a real Triton is ready with an export of the loaded model, and unfit for any other', async () => {
  if (!triton) {
    return;
  }
  const noisy = `triton://${triton.http}/face_detection_noisy`;
  const found = await inspectTail(noisy, loaded);
  expect(found).toMatchObject({ state: 'ready', reason: null, side: 'server side', alpha: 0.8, versions: ['1'] });
  expect(found.statistics).toEqual([expect.objectContaining({ version: '1', failed: 0 })]);
  expect(await inspectTail(`triton+grpc://${triton.grpc}/face_detection_noisy`, loaded)).toMatchObject({
    state: 'ready',
    alpha: 0.8
  });
  expect(await inspectTail(`triton://${triton.http}/face_detection_base`, loaded)).toMatchObject({
    state: 'ready',
    side: 'clean tail',
    alpha: null
  });
  const other = { ...loaded, identity: { ...loaded.identity!, artefact_sha256: 'a'.repeat(64) } };
  expect(await inspectTail(noisy, other)).toMatchObject({ state: 'unfit', reason: { code: 'server_mismatch' } });
  expect(await inspectTail(`triton://${triton.http}/nothing`, loaded)).toMatchObject({ state: 'unfit' });
});
