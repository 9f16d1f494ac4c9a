import { type DepartedEntry, type Entry, type LedgerView, type SettledEntry, VeilError } from '../../protocol';
import { Damage, entryOf } from './chain';
import { damaged, LedgerFiles } from './files';

/**
 * The last departures with what came of them, oldest first. Each line is checked by itself; the chain is not: `verifyLedger`.
 * @param before only departures of earlier entries than this one
 * @throws VeilError `ledger_damaged` for a line that is no entry
 */
export function viewLedger(dir: string, count: number, before = Infinity): LedgerView {
  const files = new LedgerFiles(dir);
  const settled = new Map<number, SettledEntry>();
  const departures: DepartedEntry[] = [];
  let last: Entry | null = null;
  let ledger = '';
  for (const number of files.segments().reverse()) {
    const entries = entriesOf(files, number);
    last ??= entries.at(-1) ?? null;
    ledger ||= entries[0]?.kind === 'segment' ? entries[0].ledger : '';
    for (const entry of entries.reverse()) {
      if (entry.kind === 'settled' && !settled.has(entry.departed.sequence)) {
        settled.set(entry.departed.sequence, entry);
      } else if (entry.kind === 'departed' && entry.sequence < before && departures.length < count) {
        departures.push(entry);
      }
    }
    if (departures.length >= count) {
      break;
    }
  }
  return {
    schema: 1,
    folder: dir,
    head: last && { ledger, sequence: last.sequence, hash: last.hash, time: last.time },
    departures: departures.reverse().map(departed => ({ departed, settled: settled.get(departed.sequence) ?? null }))
  };
}

function entriesOf(files: LedgerFiles, number: number): Entry[] {
  try {
    return files.read(number).lines.map(entryOf);
  } catch (error) {
    if (!(error instanceof Damage)) {
      throw VeilError.from(error);
    }
    throw damaged(files.dir, `${files.segment(number)}: ${error.message}`);
  }
}
