import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from '../../src/egress/ledger';
import { answered, departureOf } from '../support/departures';
import { veilbook } from './cli';

let top: string;
let dir: string;
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'veilbook-cli-ledger-'));
  dir = join(top, 'ledger');
  const ledger = await Ledger.open(dir);
  for (let n = 0; n < 3; n++) {
    await ledger.settle(await ledger.depart(departureOf(n)), answered(n));
  }
  await ledger.depart(departureOf(3, { clean: true, artefact_sha256: null, alpha: null, looks: null }));
  await ledger.close();
});
afterAll(() => rmSync(top, { recursive: true }));

const run = (...args: string[]) => veilbook(args, { env: { VEILBOOK_LEDGER_DIR: dir, VEILBOOK_POLICY: undefined } });

describe('veilbook ledger', () => {
  it('shows what left, and the head', async () => {
    const { stdout } = await run('ledger', 'show', '--last', '2');
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^ +5 .*ALPHA 0\.8 .*524 kB +answered +tritons:\/\/inference\.example:8000 face_detection_noisy$/),
      expect.stringMatching(/^ +7 .*CLEAN .*not settled/)
    ]);
    const head = await run('ledger', 'show', '--head');
    expect(head.stdout).toMatch(/^7 [0-9a-f]{64}\n$/);
    expect(JSON.parse((await run('ledger', 'show', '--json')).stdout).departures).toHaveLength(4);
  });

  it('proves a frame offline, and not another one', async () => {
    const receipt = join(top, 'receipt.json');
    const tensor = join(top, 'tensor.bin');
    writeFileSync(tensor, 'tensor 1');
    writeFileSync(receipt, (await run('ledger', 'receipt', '3')).stdout);
    const [, head] = (await run('ledger', 'show', '--head')).stdout.trim().split(' ');
    const check = (...more: string[]) => run('ledger', 'verify', '--receipt', receipt, '--dir', '/nowhere', ...more);
    const proven = await check('--tensor', tensor, '--head', head);
    expect([proven.code, proven.stdout]).toEqual([0, expect.stringContaining('The receipt proves its entry against its head.')]);
    writeFileSync(tensor, 'tensor 2');
    expect((await check('--tensor', tensor)).code).toBe(4);
    expect((await check('--head', '0'.repeat(64), '--json')).code).toBe(4);
    expect((await run('ledger', 'receipt', '2')).code).toBe(2);
  });

  it('ends with exit code 4 after a change', async () => {
    expect((await run('ledger', 'verify')).code).toBe(0);
    const file = join(dir, '000001.jsonl');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"alpha":0.8', '"alpha":0.9'));
    const { code, stdout } = await run('ledger', 'verify', '--json');
    writeFileSync(file, text);
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, findings: [{ line: 2, what: 'its hash is not its own' }] });
  });
});

describe('veilbook policy', () => {
  it('checks a file, and makes a NetworkPolicy of it', async () => {
    const file = join(top, 'team.yaml');
    writeFileSync(
      file,
      'schema: 1\nminimum_alpha: 0.8\ndestinations: [{url: "tritons://10.0.0.7:8000"}]\nclean_egress: never\ntls: required\n'
    );
    expect(await run('policy', 'check', file)).toMatchObject({ code: 0, stdout: expect.stringContaining('minimum_alpha: 0.8') });
    const { stdout } = await run(
      'policy',
      'network',
      '--file',
      file,
      '--namespace',
      'data',
      '--selector',
      'app=notebook',
      '--json'
    );
    expect(JSON.parse(stdout)).toMatchObject({
      metadata: { namespace: 'data' },
      spec: { podSelector: { matchLabels: { app: 'notebook' } } }
    });
    writeFileSync(file, 'schema: 1\n');
    expect(await run('policy', 'check', file)).toMatchObject({
      code: 9,
      stdout: '',
      stderr: expect.stringMatching(/^veilbook: .*team\.yaml is no policy that can be followed: minimum_alpha is missing\..*\n$/)
    });
  });
});
