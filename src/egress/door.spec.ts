import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProtocolServer } from '../../test/egress/kserve/protocol-server';
import type { Departure } from '../pipeline/departure';
import { VeilError, type DepartedEntry } from '../protocol';
import { Door } from './door';
import { checkReceipt, Ledger } from './ledger';

const SHA = 'a'.repeat(64);
const departure = {
  kind: 'obfuscated',
  run: 'run',
  snapshot: null,
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
  let ledger: Promise<Ledger>;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'veilbook-door-'));
    silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    judge = async () => undefined;
    ledger = Ledger.open(join(dir, 'ledger'));
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

  it.each(['2026-11-22-07-00-00-a1b2', null])('records the snapshot %p of a run, and a receipt shows it', async snapshot => {
    const server = await ProtocolServer.start();
    server.parameters = { head_sha256: SHA, tail_sha256: SHA, alpha: '0.5', artefact_sha256: SHA };
    const ports = { loc: { name: 'loc', shape: [8, 4] }, conf: { name: 'conf', shape: [16, 2] } };
    const tensor = { data: new Float32Array(32), shape: [1, 2, 4, 4] };
    const whole = { ...departure, snapshot, facts: { ...departure.facts, ports }, tensor } as unknown as Departure;
    try {
      const { sent } = await door.run(`triton://127.0.0.1:${server.port}/tail`, whole, { dryRun: false });
      const receipt = await (await ledger).receipt(sent.ledger_entry!);
      expect(checkReceipt(receipt).ok).toBe(true);
      expect((JSON.parse(receipt.departed) as DepartedEntry).departure).toMatchObject({ run: 'run', snapshot });
    } finally {
      await server.stop();
    }
  });
});
