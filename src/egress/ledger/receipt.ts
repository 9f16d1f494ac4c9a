import { Value } from '@sinclair/typebox/value';
import { type Arrival, type Departure, Receipt, VeilError } from '../../protocol';
import { sha256 } from './canonical';
import { Chain, Damage, entryOf } from './chain';
import { damaged, LedgerFiles } from './files';
import { rootFrom } from './tree';

/**
 * The receipt of a departure, out of a chain that holds its entry, what settled it, and the head.
 * @param head sequence of the entry that it is proved against; default the last one
 * @throws VeilError `not_found` when there is no such departure, or no such head at or after it
 */
export function receiptFrom(chain: Chain, sequence: number, head = chain.next - 1): Receipt {
  if (!chain.has(sequence) || entryOf(chain.lineOf(sequence)).kind !== 'departed') {
    throw missing(`Entry ${sequence} of the ledger is no departure.`);
  }
  const settlement = chain.settlementOf(sequence);
  const settled = settlement !== null && settlement <= head ? settlement : null;
  const proven = settled ?? sequence;
  if (!chain.has(head) || head < proven) {
    throw missing(`Entry ${head} of the ledger is not there, or earlier than the departure.`);
  }
  return {
    schema: 1,
    departed: chain.lineOf(sequence),
    settled: settled === null ? null : chain.lineOf(settled),
    path: head === proven ? [] : chain.path(proven, head),
    head: chain.lineOf(head)
  };
}

const missing = (message: string): VeilError => new VeilError('not_found', message, 'See veilbook ledger show.');

/** The files of a ledger from the one that holds an entry on, as one chain. @throws Damage, VeilError `not_found` */
export function chainFrom(files: LedgerFiles, sequence: number): Chain {
  const numbers = files.segments();
  let first = numbers.length - 1;
  const begins = (at: number): number => entryOf(files.read(numbers[at]).lines[0] ?? '').sequence;
  while (first > 0 && begins(first) > sequence) {
    first--;
  }
  const chain = new Chain();
  for (const number of numbers.slice(Math.max(0, first))) {
    files.read(number).lines.forEach(line => chain.add(line));
  }
  return chain;
}

/**
 * The receipt of a departure out of a ledger's files, which are only read.
 * @throws VeilError `not_found`, `ledger_damaged`
 */
export function receiptOf(dir: string, sequence: number, head?: number): Receipt {
  const files = new LedgerFiles(dir);
  try {
    return receiptFrom(chainFrom(files, sequence), sequence, head);
  } catch (error) {
    throw error instanceof Damage ? damaged(dir, error.message) : error;
  }
}

/** What a receipt proves, and what is wrong with it. */
export interface ReceiptVerdict {
  schema: 1;
  /** It proves what it says against `head`. */
  ok: boolean;
  /** To be compared with the hash that was published. */
  head: { sequence: number; hash: string; time: string } | null;
  sequence: number | null;
  time: string | null;
  departure: Departure | null;
  arrival: Arrival | null;
  findings: string[];
}

/**
 * Check a receipt with nothing else at hand.
 * @param tensor bytes of the tensor as they were sent, little-endian and row-major, to be held against its SHA-256
 * @param head hash that was published; without it the verdict holds only for whoever knows the receipt's head to be that of the ledger
 */
export function checkReceipt(receipt: unknown, { tensor, head }: { tensor?: Uint8Array; head?: string } = {}): ReceiptVerdict {
  const verdict: ReceiptVerdict = {
    schema: 1,
    ok: false,
    head: null,
    sequence: null,
    time: null,
    departure: null,
    arrival: null,
    findings: []
  };
  try {
    if (!Value.Check(Receipt, receipt)) {
      throw new Damage('This is no receipt.');
    }
    read(receipt, verdict);
  } catch (error) {
    if (!(error instanceof Damage)) {
      throw error;
    }
    verdict.findings.push(error.message);
    return verdict;
  }
  if (tensor && sha256(tensor) !== verdict.departure?.tensor_sha256) {
    verdict.findings.push('The tensor is not the one that left: its SHA-256 differs.');
  }
  if (head !== undefined && head !== verdict.head?.hash) {
    verdict.findings.push('The head of this receipt is not the one that was published.');
  }
  return { ...verdict, ok: verdict.findings.length === 0 };
}

function read({ departed, settled, path, head }: Receipt, verdict: ReceiptVerdict): void {
  const left = part('departed', departed);
  if (left.kind !== 'departed') {
    throw new Damage('Its departed entry is no departure.');
  }
  const came = settled === null ? null : part('settled', settled);
  if (came && (came.kind !== 'settled' || came.departed.hash !== left.hash || came.departed.sequence !== left.sequence)) {
    throw new Damage('Its settled entry belongs to another departure.');
  }
  const proven = came ?? left;
  const top = part('head', head);
  const same = top.sequence === proven.sequence;
  if (
    same ? top.hash !== proven.hash || path.length > 0 : rootFrom(proven.hash, proven.sequence, top.sequence, path) !== top.root
  ) {
    throw new Damage('Its path does not lead from its entry to its head.');
  }
  verdict.head = { sequence: top.sequence, hash: top.hash, time: top.time };
  verdict.sequence = left.sequence;
  verdict.time = left.time;
  verdict.departure = left.departure;
  verdict.arrival = came?.kind === 'settled' ? came.arrival : null;
}

function part(name: string, line: string) {
  try {
    return entryOf(line);
  } catch (error) {
    throw error instanceof Damage ? new Damage(`Its ${name} entry cannot be used: ${error.message}.`) : error;
  }
}
