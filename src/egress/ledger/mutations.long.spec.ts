import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { undetected } from '../../../test/support/ledger-mutations';
import { writeSampleLedger } from '../../../test/support/sample-ledger';

jest.setTimeout(600_000);

it('is found to be changed after each of 10,000 random changes of its files', async () => {
  const top = mkdtempSync(join(tmpdir(), 'veilbook-ledger-'));
  try {
    await writeSampleLedger(join(top, 'ledger'));
    expect(await undetected(join(top, 'ledger'), 10_000, 2)).toEqual([]);
  } finally {
    rmSync(top, { recursive: true });
  }
});
