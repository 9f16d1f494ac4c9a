import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProtocolServer } from '../../test/egress/kserve/protocol-server';
import { removeStateDirs, startInProcess, type InProcess } from '../../test/sidecar/harness';
import { checkReceipt, Ledger } from '../egress/ledger';
import type { Departure, InspectedTail, LedgerPage, Receipt, TailList } from '../protocol';
import { getJson } from './client';

const SHA = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const TOKEN = 'Bearer a-secret-of-the-user';
const NAMES = [
  ...['HOME', 'KUBECONFIG', 'KUBERNETES_SERVICE_HOST', 'XDG_DATA_HOME'],
  ...['VEILBOOK_SERVERS', 'VEILBOOK_POLICY', 'VEILBOOK_LEDGER_DIR']
];
const before = NAMES.map(name => [name, process.env[name]] as const);
let running: InProcess;
let server: ProtocolServer;
let home: string;

const inHome = (name: string, text: string): string => {
  const path = join(home, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};
const destination = () => `triton://127.0.0.1:${server.port}`;
const inspect = (url: string) => getJson<InspectedTail>(running.connection, `/v1/servers/inspect?url=${encodeURIComponent(url)}`);
const departure = (changes: Partial<Departure> = {}): Departure => ({
  ...{ run: 'run', snapshot: null, destination: destination(), server_model: 'tail', server_version: null },
  ...{ model: { name: 'm', head_sha256: SHA, tail_sha256: SHA }, artefact_sha256: SHA, alpha: 0.8 },
  ...{ looks: { count: 2, alpha_k: 0.7 }, clean: false, private: true, bytes: 4096, tensor_sha256: SHA, source: SHA },
  ...changes
});

/** Three departures: one answered, one that failed, one clean and not settled. */
async function recorded(): Promise<string> {
  const ledger = await Ledger.open(process.env.VEILBOOK_LEDGER_DIR!);
  const arrival = { reply_sha256: null, bytes_sent: 1, bytes_received: 1, server_version: null };
  await ledger.settle(await ledger.depart(departure()), { outcome: 'answered', ...arrival });
  await ledger.settle(await ledger.depart(departure()), { outcome: 'failed', ...arrival });
  await ledger.depart(departure({ clean: true, alpha: null, artefact_sha256: null, looks: null }));
  await ledger.close();
  return process.env.VEILBOOK_LEDGER_DIR!;
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'veil-tails-'));
  NAMES.forEach(name => delete process.env[name]);
  Object.assign(process.env, { HOME: home, VEILBOOK_LEDGER_DIR: join(home, 'ledger') });
  server = await ProtocolServer.start();
  server.parameters = { side: 'server side', alpha: '0.8', head_sha256: SHA, tail_sha256: SHA, artefact_sha256: SHA };
  running = await startInProcess();
  const described = await running.compute.describeModel();
  const identity = { task: 'face-detection', head_sha256: SHA, tail_sha256: SHA, artefact_sha256: SHA };
  running.compute.describeModel = async () => ({ ...described, identity });
});

afterEach(async () => {
  running.sidecar.stop('test over');
  await running.sidecar.stopped;
  await server.stop();
  removeStateDirs();
  rmSync(home, { recursive: true });
  before.forEach(([name, value]) => (value === undefined ? delete process.env[name] : (process.env[name] = value)));
});

describe('the servers that are known', () => {
  it('are none at first, under the built-in rules', async () => {
    const list = await getJson<TailList>(running.connection, '/v1/servers');
    expect(list).toMatchObject({ tails: [], notes: [], policy: { files: [], error: null } });
    expect(list.policy.insecure[0]).toMatch(/^No policy is in force/);
  });

  it('come from servers.json, policy and ledger, each once, and no header is told', async () => {
    await recorded();
    const configured = { [destination()]: { headers: { Authorization: TOKEN } }, 'tritons://inference.example:8000': {} };
    process.env.VEILBOOK_SERVERS = inHome('servers.json', JSON.stringify({ ...configured, 'http://a:secret@b': {} }));
    const url = 'tritons://inference.example:8000';
    const policy = { schema: 1, minimum_alpha: 0.5, destinations: [{ url }], clean_egress: 'never', tls: 'required' };
    process.env.VEILBOOK_POLICY = inHome('team.json', JSON.stringify(policy));
    const list = await getJson<TailList>(running.connection, '/v1/servers');
    expect(list.tails.map(({ url, sources, assumed }) => [url, sources, assumed])).toEqual([
      ['tritons://inference.example:8000/face_detection_noisy', ['servers.json', 'policy'], true],
      [`${destination()}/tail`, ['servers.json', 'ledger'], false]
    ]);
    expect(list.tails[0].refused).toBeNull();
    expect(list.tails[1].refused).toContain(`tls is required and ${destination()} has none`);
    expect(list.tails[1].last).toMatch(/^\d{4}-/);
    expect(list.notes).toEqual([expect.stringMatching(/^servers\.json names a server in a way/)]);
    expect(JSON.stringify(list)).not.toContain('secret');
  });

  it('cannot be told where a policy is broken, which is no error: nothing may leave', async () => {
    await recorded();
    process.env.VEILBOOK_POLICY = inHome('team.json', '{"schema": 1}');
    const { tails, policy } = await getJson<TailList>(running.connection, '/v1/servers');
    expect(policy.error).toMatchObject({ code: 'egress_refused' });
    expect(tails[0].refused).toBe(policy.error!.message);
  });

  it('whose cluster does not answer are known all the same', async () => {
    process.env.KUBECONFIG = join(home, 'there-is-none');
    const { notes } = await getJson<TailList>(running.connection, '/v1/servers');
    expect(notes).toHaveLength(1);
  });
});

describe('a server that is asked', () => {
  it('is ready where its hashes are those of the loaded model; its token goes to it and is not told', async () => {
    process.env.VEILBOOK_SERVERS = inHome(
      'servers.json',
      JSON.stringify({ [destination()]: { headers: { Authorization: TOKEN } } })
    );
    const found = await inspect(`${destination()}/tail`);
    expect(found).toMatchObject({ state: 'ready', reason: null, alpha: 0.8, side: 'server side', versions: ['1'] });
    expect(found.statistics).toEqual([expect.objectContaining({ version: '1', inferences: 0, failed: 0 })]);
    expect(server.lastHeaders.authorization).toBe(TOKEN);
    expect(JSON.stringify(found)).not.toContain('secret');
    expect(server.asked).toBe(0);
  });

  it.each([
    ['head_sha256', 'a model whose head is not that of stand-in'],
    ['artefact_sha256', 'for another obfuscation']
  ])('is unfit with another %s', async (name, words) => {
    server.parameters = { ...server.parameters, [name]: OTHER };
    expect(await inspect(`${destination()}/tail`)).toMatchObject({
      state: 'unfit',
      reason: { message: expect.stringContaining(words) }
    });
  });

  it('is unfit without such a model, and away when nobody listens: states, no errors', async () => {
    expect(await inspect(`${destination()}/other`)).toMatchObject({ state: 'unfit', reason: { code: 'server_mismatch' } });
    const { port } = server;
    await server.stop();
    expect(await inspect(`triton://127.0.0.1:${port}/tail`)).toMatchObject({
      state: 'away',
      reason: { code: 'server_unavailable' }
    });
    server = await ProtocolServer.start();
  });

  it('is not asked where nothing may leave for it', async () => {
    const policy = { schema: 1, minimum_alpha: 0.5, destinations: [], clean_egress: 'never', tls: 'where given' };
    process.env.VEILBOOK_POLICY = inHome('team.json', JSON.stringify(policy));
    expect(await inspect(`${destination()}/tail`)).toMatchObject({ state: 'refused', reason: { code: 'egress_refused' } });
    expect(server.connections).toBe(0);
  });

  it('has an address', async () => {
    for (const url of ['http://a/b', 'triton://user:pass@host/model', 'triton://host']) {
      await expect(inspect(url)).rejects.toMatchObject({ code: 'bad_request', message: expect.not.stringContaining('pass@') });
    }
  });
});

describe('the ledger', () => {
  const page = (query = '') => getJson<LedgerPage>(running.connection, `/v1/ledger${query}`);

  it('is empty before anything left', async () => {
    expect(await page('?verify=true')).toMatchObject({ head: null, departures: [], verdict: null, unreadable: null });
  });

  it('is listed newest first, a page at a time, and verified when asked', async () => {
    await recorded();
    const first = await page('?limit=2&verify=true');
    expect(first.departures.map(({ entry, outcome, protection, looks }) => [entry, outcome, protection, looks])).toEqual([
      [5, 'not settled', 'clean', null],
      [3, 'failed', 'obfuscated', 2]
    ]);
    expect([first.more, first.verdict?.ok, first.verdict?.entries]).toEqual([true, true, 6]);
    const second = await page('?limit=2&before=3');
    expect(second.departures.map(({ entry }) => entry)).toEqual([1]);
    expect([second.more, second.verdict]).toEqual([false, null]);
    const text = JSON.stringify(first);
    expect(text).not.toContain(readFileSync(join(home, 'ledger', 'key'), 'latin1').trim());
  });

  it('that was damaged says where, and receipts are refused from there', async () => {
    const dir = await recorded();
    const receipt = await getJson<Receipt>(running.connection, '/v1/ledger/receipt?entry=1');
    expect(checkReceipt(receipt)).toMatchObject({ ok: true, sequence: 1 });
    const [name] = readdirSync(dir).filter(each => each.endsWith('.jsonl'));
    const lines = readFileSync(join(dir, name), 'utf8').split('\n');
    writeFileSync(join(dir, name), lines.map((line, at) => (at === 2 ? line.replace('answered', 'failed') : line)).join('\n'));
    const damaged = await page('?verify=true');
    expect(damaged.verdict).toMatchObject({ ok: false, findings: [{ file: name, line: 3 }] });
    expect(damaged.unreadable).toMatchObject({ code: 'ledger_damaged' });
    await expect(getJson(running.connection, '/v1/ledger/receipt?entry=1')).rejects.toMatchObject({ code: 'ledger_damaged' });
  });

  it('has receipts of departures alone', async () => {
    await recorded();
    await expect(getJson(running.connection, '/v1/ledger/receipt?entry=2')).rejects.toMatchObject({ code: 'not_found' });
    await expect(getJson(running.connection, '/v1/ledger?limit=0')).rejects.toMatchObject({ code: 'bad_request' });
  });
});
