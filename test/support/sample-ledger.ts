import { Ledger } from '../../src/egress/ledger/ledger';
import { answered, departureOf } from './departures';

/** A ledger of a few files with everything in it that usual work leaves: answered, failed and clean departures, several openings. */
export async function writeSampleLedger(dir: string): Promise<void> {
  for (let opening = 0; opening < 3; opening++) {
    const ledger = await Ledger.open(dir, { segmentBytes: 10_000 });
    const waiting = [];
    for (let n = 0; n < 5; n++) {
      const clean = n === 3 ? { clean: true, artefact_sha256: null, alpha: null, looks: null } : {};
      waiting.push(await ledger.depart(departureOf(10 * opening + n, clean)));
    }
    for (const [n, entry] of waiting.entries()) {
      const failed = { outcome: 'failed', reply_sha256: null, bytes_received: null } as const;
      await ledger.settle(entry, n === 2 ? { ...answered(), ...failed } : answered(n));
    }
    await ledger.close();
  }
}
