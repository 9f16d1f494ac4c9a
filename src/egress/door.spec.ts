import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Departure } from '../pipeline/departure';
import { VeilError } from '../protocol';
import { Door } from './door';
import { Ledger } from './ledger';

const SHA = 'a'.repeat(64);
const departure = {
  kind: 'obfuscated',
  run: 'run',
  facts: {
    model: { name: 'm', head_sha256: SHA, tail_sha256: SHA },
    ports: { scores: { name: 'scores', shape: [2] } },
    ...{ input: 'activation', step: 1, source: SHA }
  },
  tensor: { data: new Float32Array(4), shape: [1, 1, 2, 2] },
  alpha: 0.5,
  artefact: { sha256: SHA, kind: 'k', calibrated: true, meaning: '' },
  private: true,
  looks: { count: 1, alpha_1: null, alpha_k: null }
} as unknown as Departure;

describe('the door', () => {
  let dir: string;
  let silent: Server;
  let door: Door;
  const refused = new VeilError('egress_refused', 'Refused.', '');
  let judge: () => Promise<void>;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'veilbook-door-'));
    silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    judge = async () => undefined;
    const ledger = Ledger.open(join(dir, 'ledger'));
    door = new Door({ ledger: () => ledger, judge: () => judge(), connection: async () => ({}) });
  });
  afterEach(async () => {
    await door.close();
    silent.close();
    rmSync(dir, { recursive: true });
  });
  const url = () => `triton://127.0.0.1:${(silent.address() as AddressInfo).port}/m`;
  const departed = async () => (await Ledger.verify(join(dir, 'ledger'))).departed;

  it('lets a run go that is cancelled while its server says nothing, and closes at once', async () => {
    const cancel = new AbortController();
    const connected = once(silent, 'connection');
    const running = door.run(url(), departure, { dryRun: false, signal: cancel.signal });
    await connected;
    cancel.abort();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await door.close();
    expect(await departed()).toBe(0);
  });

  it('connects to nobody when the policy refuses, and in a dry run', async () => {
    let connections = 0;
    silent.on('connection', () => connections++);
    const { answer, sent } = await door.run(url(), departure, { dryRun: true });
    expect([answer, sent.tensor_bytes, sent.bytes_sent, sent.ledger_entry]).toEqual([null, 16, 0, null]);
    judge = () => Promise.reject(refused);
    await expect(door.run(url(), departure, { dryRun: false })).rejects.toBe(refused);
    expect([connections, await departed()]).toEqual([0, 0]);
  });
});
