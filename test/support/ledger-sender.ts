import { writeSync } from 'node:fs';
import { Ledger } from '../../src/egress/ledger/ledger';
import { answered, departureOf } from './departures';

/** Record departures until killed; say the sequence and hash of each when `depart` has returned. */
async function main(dir: string): Promise<void> {
  const ledger = await Ledger.open(dir, { segmentBytes: 60_000 });
  for (let n = 0; ; n++) {
    const entry = await ledger.depart(departureOf(n));
    writeSync(1, `${entry.sequence} ${entry.hash}\n`);
    await ledger.settle(entry, answered(n));
  }
}

void main(process.argv[2]);
