import { VeilError, type DepartureRow, type LedgerPage, type LedgerView } from '../protocol';
import { ledgerFolder, verifyLedger, viewLedger } from './ledger';

export interface PageOptions {
  /** So many departures. */
  limit: number;
  /** Only those of earlier entries than this one. */
  before?: number;
  /** Look through the whole ledger too. */
  verify: boolean;
}

/** Departures as a person reads them, newest first. A ledger that was damaged, or that nobody began, is no error. */
export async function departuresPage({ limit, before, verify }: PageOptions, dir = ledgerFolder()): Promise<LedgerPage> {
  const checked = verify ? await verdictOf(dir) : { verdict: null, verified: null };
  try {
    const { head, departures } = viewLedger(dir, limit + 1, before);
    const rows = departures.map(rowOf).reverse();
    const more = rows.length > limit;
    return { folder: dir, head: head?.sequence ?? null, departures: rows.slice(0, limit), more, unreadable: null, ...checked };
  } catch (thrown) {
    const { error } = VeilError.from(thrown).toBody();
    return { folder: dir, head: null, departures: [], more: false, unreadable: error, ...checked };
  }
}

async function verdictOf(dir: string): Promise<Pick<LedgerPage, 'verdict' | 'verified'>> {
  try {
    return { verdict: await verifyLedger(dir), verified: new Date().toISOString() };
  } catch (thrown) {
    if (VeilError.from(thrown).code === 'not_found') {
      return { verdict: null, verified: null };
    }
    throw thrown;
  }
}

function rowOf({ departed, settled }: LedgerView['departures'][number]): DepartureRow {
  const { sequence: entry, time, departure } = departed;
  const { destination, server_model, alpha, looks, bytes, snapshot, clean, private: secret } = departure;
  return {
    ...{ entry, time, destination, server_model, alpha, bytes, snapshot },
    looks: looks?.count ?? null,
    protection: clean ? 'clean' : secret ? 'obfuscated' : 'not private',
    outcome: settled?.arrival.outcome ?? 'not settled'
  };
}
