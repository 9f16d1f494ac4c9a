import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answered, departureOf } from '../../../test/support/departures';
import { mountNew } from '../../../test/workspaces/file-systems';
import { Ledger } from './ledger';
import { verifyLedger } from './verify';

const disk = mountNew('tmpfs', 1);
afterAll(() => disk?.unmount());

const whereMounted = disk ? it : it.skip;

whereMounted('refuses departures on a full disk, stays whole, and goes on when there is room', async () => {
  const dir = join(disk!.dir, 'ledger');
  const ledger = await Ledger.open(dir, { segmentBytes: 20_000 });
  writeFileSync(join(disk!.dir, 'filler'), Buffer.alloc(940_000));
  let left = 0;
  const sendAll = async (): Promise<void> => {
    for (;;) {
      const entry = await ledger.depart(departureOf(left));
      left += 1;
      await ledger.settle(entry, answered(left));
    }
  };
  await expect(sendAll()).rejects.toMatchObject({
    code: 'output_unwritable',
    message: expect.stringMatching(/full.*(Nothing was sent|was not recorded)\.$/)
  });
  await expect(ledger.depart(departureOf())).rejects.toMatchObject({ code: 'output_unwritable' });
  expect(await verifyLedger(dir)).toMatchObject({ ok: true, departed: left });
  rmSync(join(disk!.dir, 'filler'));
  await ledger.depart(departureOf());
  await ledger.close();
  expect(await verifyLedger(dir)).toMatchObject({ ok: true, departed: left + 1 });
});
