import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answered, departureOf } from '../../../test/support/departures';
import { type Entry } from '../../protocol';
import { Anchor, readAnchor } from './anchor';
import { LedgerFiles, readKeys } from './files';
import { Ledger } from './ledger';
import { checkReceipt } from './receipt';
import { HashTree, rootFrom } from './tree';
import { verifyLedger } from './verify';

let top: string;
let dir: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'veilbook-ledger-'));
  dir = join(top, 'ledger');
});
afterEach(() => rmSync(top, { recursive: true }));

/** So many departures, answered. */
async function send(ledger: Ledger, count: number, from = 0): Promise<number[]> {
  const sequences: number[] = [];
  for (let n = from; n < from + count; n++) {
    const entry = await ledger.depart(departureOf(n));
    sequences.push(entry.sequence);
    await ledger.settle(entry, answered(n));
  }
  return sequences;
}

const first = () => join(dir, '000001.jsonl');
const entries = (): Entry[] =>
  readdirSync(dir)
    .filter(name => name.endsWith('.jsonl'))
    .sort()
    .flatMap(name => readFileSync(join(dir, name), 'utf8').trim().split('\n'))
    .map(line => JSON.parse(line));

describe('A ledger', () => {
  it('holds what left, in files of its owner alone', async () => {
    const ledger = await Ledger.open(dir);
    await send(ledger, 3);
    await ledger.close();
    expect(entries().map(entry => entry.kind)).toEqual([
      'segment',
      'departed',
      'settled',
      'departed',
      'settled',
      'departed',
      'settled'
    ]);
    expect(await verifyLedger(dir)).toMatchObject({
      ok: true,
      entries: 7,
      departed: 3,
      settled: 3,
      unsettled: [],
      bytes: 3 * 524288
    });
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(readdirSync(dir).sort()).toEqual(['000001.jsonl', 'anchor', 'key']);
    readdirSync(dir).forEach(name => expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600));
  });

  it('has a departure in its file before depart returns', async () => {
    const ledger = await Ledger.open(dir);
    const entry = await ledger.depart(departureOf());
    expect(entries().at(-1)).toEqual(entry);
    await ledger.close();
  });

  it('goes on with the chain over files and openings', async () => {
    for (let opening = 0; opening < 3; opening++) {
      const ledger = await Ledger.open(dir, { segmentBytes: 4000 });
      await send(ledger, 5, 5 * opening);
      await ledger.close();
    }
    expect(readdirSync(dir).filter(name => name.endsWith('.jsonl')).length).toBeGreaterThan(4);
    expect(await verifyLedger(dir)).toMatchObject({ ok: true, departed: 15, settled: 15 });
  });

  it('is appended to by several at once', async () => {
    const ledgers = await Promise.all(Array.from({ length: 4 }, () => Ledger.open(dir, { segmentBytes: 6000 })));
    await Promise.all(ledgers.map((ledger, n) => send(ledger, 8, 10 * n)));
    await Promise.all(ledgers.map(ledger => ledger.close()));
    expect(await verifyLedger(dir)).toMatchObject({ ok: true, departed: 32, settled: 32 });
  });

  it('settles in any order, over a change of files, and once only', async () => {
    const ledger = await Ledger.open(dir, { segmentBytes: 3000 });
    const open = [];
    for (let n = 0; n < 6; n++) {
      open.push(await ledger.depart(departureOf(n)));
    }
    for (const entry of open.reverse()) {
      await ledger.settle(entry, answered());
    }
    await ledger.close();
    expect(await verifyLedger(dir)).toMatchObject({ ok: true, settled: 6, unsettled: [] });
  });

  it('refuses a departure that is none', async () => {
    const ledger = await Ledger.open(dir);
    await expect(ledger.depart({ ...departureOf(), picture: 'x' } as never)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(
      ledger.depart(
        departureOf(0, {
          run: '\u{1F600}'.repeat(128),
          snapshot: '\u{1F600}'.repeat(128),
          server_model: '\u{1F600}'.repeat(128),
          destination: '\u{1F600}'.repeat(128),
          model: { ...departureOf().model, name: '\u0001'.repeat(256) }
        })
      )
    ).rejects.toMatchObject({
      code: 'bad_request'
    });
    await send(ledger, 1);
    await ledger.close();
    expect((await verifyLedger(dir)).ok).toBe(true);
  });

  it('names sources by a key of its own', async () => {
    const ledger = await Ledger.open(dir);
    const other = await Ledger.open(join(top, 'other'));
    const frame = Buffer.from('frame');
    expect(ledger.sourceOf(frame)).toBe(ledger.sourceOf(frame));
    expect(ledger.sourceOf(frame)).not.toBe(other.sourceOf(frame));
    await Promise.all([ledger.close(), other.close()]);
  });

  it('does not open in a folder that others may enter', async () => {
    await (await Ledger.open(dir)).close();
    chmodSync(dir, 0o755);
    await expect(Ledger.open(dir)).rejects.toMatchObject({ code: 'output_unwritable' });
  });
});

describe('After a process was killed', () => {
  it('keeps a torn line aside and says so in the chain', async () => {
    let ledger = await Ledger.open(dir);
    await send(ledger, 2);
    await ledger.close();
    appendFileSync(first(), '{"alpha":0.8,"arte');
    expect((await verifyLedger(dir)).findings).toEqual([{ file: '000001.jsonl', line: 6, what: 'the last line is torn' }]);
    ledger = await Ledger.open(dir);
    await send(ledger, 1, 2);
    await ledger.close();
    const repaired = entries().find(entry => entry.kind === 'repaired')!;
    expect(repaired).toMatchObject({ kept: { bytes: 18 }, redone: false });
    expect(readFileSync(join(dir, repaired.kept.file), 'utf8')).toBe('{"alpha":0.8,"arte');
    expect((await verifyLedger(dir)).ok).toBe(true);
  });

  it.each([1, 100, 'whole line'])(
    'writes the line that the anchor holds again when %s bytes of it are missing',
    async missing => {
      let ledger = await Ledger.open(dir);
      await send(ledger, 2);
      await ledger.close();
      const whole = readFileSync(first(), 'utf8');
      const last = whole.length - (typeof missing === 'number' ? missing : whole.trim().split('\n').at(-1)!.length + 1);
      truncateSync(first(), last);
      expect((await verifyLedger(dir)).ok).toBe(false);
      ledger = await Ledger.open(dir);
      await ledger.close();
      expect(readFileSync(first(), 'utf8').startsWith(whole)).toBe(true);
      expect((await verifyLedger(dir)).ok).toBe(true);
    }
  );

  it('settles the departures of a dead process as unknown, not those of a living one', async () => {
    const ledger = await Ledger.open(dir);
    const entry = await ledger.depart(departureOf());
    const other = await Ledger.open(dir);
    expect((await verifyLedger(dir)).unsettled).toEqual([entry.sequence]);
    await ledger.settle(entry, answered());
    await Promise.all([ledger.close(), other.close()]);
    expect((await verifyLedger(dir)).unsettled).toEqual([]);
  });

  it('takes over a lock whose holder is gone', async () => {
    const ledger = await Ledger.open(dir);
    const { writer } = ledger.head;
    symlinkSync(writer.replace(/^\d+\.\d+/, '4194399.1'), join(dir, 'lock'));
    await send(ledger, 1);
    await ledger.close();
    expect((await verifyLedger(dir)).ok).toBe(true);
  });
});

describe('After the machine was restarted', () => {
  /** The ledger as a power cut leaves it: so many departures in the anchor, so many in the file. */
  async function cut(anchored: number, written: number): Promise<void> {
    const ledger = await Ledger.open(dir);
    const stages: { file: Buffer; anchor: Buffer }[] = [];
    for (let n = 0; n <= 3; n++) {
      stages.push({ file: readFileSync(first()), anchor: readFileSync(join(dir, 'anchor')) });
      await send(ledger, 1, n);
    }
    await ledger.close();
    writeFileSync(first(), stages[written].file);
    writeFileSync(join(dir, 'anchor'), stages[anchored].anchor);
    const keys = readKeys(new LedgerFiles(dir))!;
    const { newest } = readAnchor(join(dir, 'anchor'), keys.anchor);
    const anchor = new Anchor(join(dir, 'anchor'), keys.anchor);
    anchor.write({ ...newest!, boot: 'an earlier start' });
    anchor.close();
  }

  it('goes on after entries that the disk lost, and says for good that they are missing', async () => {
    await cut(3, 1);
    const ledger = await Ledger.open(dir);
    await ledger.close();
    const lost = 'entries up to 6 were lost when the machine was restarted';
    expect((await verifyLedger(dir)).findings).toEqual([{ file: '000001.jsonl', line: 4, what: lost }]);
    const again = await Ledger.open(dir);
    await send(again, 2);
    await again.close();
    expect((await verifyLedger(dir)).findings).toEqual([{ file: '000001.jsonl', line: 4, what: lost }]);
    truncateSync(first(), readFileSync(first()).lastIndexOf('\n{') + 1);
    expect((await verifyLedger(dir)).findings).toHaveLength(2);
  });

  it('goes on where the anchor on the disk was older than the file', async () => {
    await cut(1, 3);
    const ledger = await Ledger.open(dir);
    expect(ledger.head.kind).toBe('restarted');
    await ledger.close();
    expect(await verifyLedger(dir)).toMatchObject({ ok: true, departed: 3 });
  });
});

describe('A ledger that was changed', () => {
  it.each<[string, () => void]>([
    [
      'two lines are gone',
      () => writeFileSync(first(), readFileSync(first(), 'utf8').split('\n').slice(0, -3).join('\n') + '\n')
    ],
    [
      'a line in the middle is gone',
      () => writeFileSync(first(), readFileSync(first(), 'utf8').split('\n').toSpliced(2, 1).join('\n'))
    ],
    ['the anchor is gone', () => rmSync(join(dir, 'anchor'))],
    ['the key is gone', () => rmSync(join(dir, 'key'))],
    ['the key is another one', () => writeFileSync(join(dir, 'key'), `${'0'.repeat(64)}\n`)]
  ])('lets nothing leave when %s', async (_, change) => {
    const ledger = await Ledger.open(dir);
    await send(ledger, 3);
    await ledger.close();
    change();
    expect((await verifyLedger(dir)).ok).toBe(false);
    await expect(Ledger.open(dir)).rejects.toMatchObject({ code: 'ledger_damaged' });
  });
});

describe('A receipt', () => {
  it('proves a frame against any later head, over files, and nothing else', async () => {
    const ledger = await Ledger.open(dir, { segmentBytes: 5000 });
    const sequences = await send(ledger, 12);
    const all = entries();
    for (const sequence of [sequences[0], sequences[5], sequences[11]]) {
      for (const head of all.slice(sequence + 1)) {
        const receipt = await ledger.receipt(sequence, head.sequence);
        expect(checkReceipt(receipt, { head: head.hash })).toMatchObject({
          ok: true,
          sequence,
          arrival: { outcome: 'answered' }
        });
      }
    }
    const receipt = await ledger.receipt(sequences[2]);
    expect(checkReceipt(JSON.parse(JSON.stringify(receipt)), { tensor: Buffer.from('tensor 2') }).ok).toBe(true);
    expect(checkReceipt(receipt, { tensor: Buffer.from('tensor 3') }).ok).toBe(false);
    expect(checkReceipt(receipt, { head: all[0].hash }).ok).toBe(false);
    const other = await ledger.receipt(sequences[3]);
    for (const forged of [
      { ...receipt, departed: other.departed },
      { ...receipt, settled: other.settled },
      { ...receipt, path: other.path },
      { ...receipt, path: receipt.path.slice(1) },
      { ...receipt, path: [...receipt.path, receipt.path[0]] },
      { ...receipt, head: other.departed },
      { ...receipt, settled: null },
      { ...receipt, departed: receipt.departed.replace('0.8', '0.9') },
      { ...receipt, more: 1 },
      null
    ]) {
      expect(checkReceipt(forged).ok).toBe(false);
    }
    await expect(ledger.receipt(0)).rejects.toMatchObject({ code: 'not_found' });
    await expect(ledger.receipt(sequences[3], 2)).rejects.toMatchObject({ code: 'not_found' });
    await ledger.close();
  });

  it('has a path for every leaf of trees of every size', () => {
    const leaves = Array.from({ length: 40 }, (_, n) => n.toString(16).padStart(64, '0'));
    const tree = new HashTree();
    leaves.forEach(leaf => tree.add(leaf));
    for (let size = 1; size <= leaves.length; size++) {
      const root = tree.root(size);
      for (let index = 0; index < size; index++) {
        expect(rootFrom(leaves[index], index, size, tree.path(index, size))).toBe(root);
      }
      const begun = new HashTree();
      leaves.slice(0, size).forEach(leaf => begun.add(leaf));
      const on = new HashTree(size, begun.frontier());
      leaves.slice(size).forEach(leaf => on.add(leaf));
      expect(on.root()).toBe(tree.root());
      expect(on.frontier()).toEqual(tree.frontier());
    }
  });
});
