import { killSenders } from '../../../test/support/ledger-kills';

it('loses nothing that a sender was told of when senders are killed, and goes on', async () => {
  const { told, missing, verdict } = await killSenders(4, 1);
  expect(told).toBeGreaterThan(0);
  expect(missing).toEqual([]);
  expect(verdict).toMatchObject({ ok: true, unsettled: [] });
});
