import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { undetected } from '../../../test/support/ledger-mutations';
import { writeSampleLedger } from '../../../test/support/sample-ledger';
import { verifyLedger } from './verify';

it('is found to be changed after each of 450 random changes of its files', async () => {
  const top = mkdtempSync(join(tmpdir(), 'veilbook-ledger-'));
  try {
    const dir = join(top, 'ledger');
    await writeSampleLedger(dir);
    expect(readdirSync(dir)).toHaveLength(5);
    expect((await verifyLedger(dir)).ok).toBe(true);
    expect(await undetected(dir, 450, 1)).toEqual([]);
  } finally {
    rmSync(top, { recursive: true });
  }
});
