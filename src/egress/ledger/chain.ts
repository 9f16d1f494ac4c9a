import { TypeCompiler } from '@sinclair/typebox/compiler';
import { type DepartedEntry, Entry, type SegmentEntry, type SettledEntry } from '../../protocol';
import { canonical, hashOf } from './canonical';
import { HashTree } from './tree';

export const NO_HASH = '0'.repeat(64);

const entrySchema = TypeCompiler.Compile(Entry);

/** What is wrong with a line of a ledger, in words. */
export class Damage extends Error {}

/** The entry of a line. @throws Damage unless the line is an entry in canonical form with its own hash */
export function entryOf(line: string): Entry {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    throw new Damage('it is no JSON');
  }
  if (!entrySchema.Check(entry)) {
    throw new Damage('it is no entry of a ledger');
  }
  if (canonical(entry) !== line) {
    throw new Damage('it is not in canonical form');
  }
  if (hashOf(entry) !== entry.hash) {
    throw new Damage('its hash is not its own');
  }
  return entry;
}

export interface ChainTotals {
  entries: number;
  departed: number;
  clean: number;
  settled: number;
  bytes: number;
}

/** What is known of a departure that nothing settled; null where it was written in an earlier file than was read. */
export type Unsettled = DepartedEntry | null;

/** A chain of entries, checked as they are added. It may begin with any file: that file's first entry names what was before. */
export class Chain {
  private tree = new HashTree();
  private first = 0;
  private readonly lines: string[] = [];
  private readonly settledBy = new Map<number, SettledEntry>();
  readonly unsettled = new Map<number, Unsettled>();
  readonly totals: ChainTotals = { entries: 0, departed: 0, clean: 0, settled: 0, bytes: 0 };
  segment = 0;
  ledger: string | null = null;
  last: Entry | null = null;

  /** Number of the entry that comes next. */
  get next(): number {
    return this.last ? this.last.sequence + 1 : 0;
  }

  /** The members of the next entry that place it in the chain. */
  get place(): Pick<Entry, 'sequence' | 'previous' | 'root'> {
    return { sequence: this.next, previous: this.last?.hash ?? NO_HASH, root: this.tree.root() };
  }

  /** The members of the first entry of the next file. */
  get nextSegment(): Pick<SegmentEntry, 'segment' | 'frontier' | 'unsettled'> {
    return { segment: this.segment + 1, frontier: this.tree.frontier(), unsettled: [...this.unsettled.keys()] };
  }

  /** @throws Damage when the line does not go on with the chain; the chain is then as it was */
  add(line: string): Entry {
    const entry = entryOf(line);
    if (entry.kind === 'segment') {
      this.checkSegment(entry);
    } else if (!this.last) {
      throw new Damage('the file does not begin with its own entry');
    }
    if (this.last) {
      const { sequence, previous, root } = this.place;
      if (entry.sequence !== sequence || entry.previous !== previous) {
        throw new Damage(`it does not follow entry ${sequence - 1}`);
      }
      if (entry.root !== root) {
        throw new Damage('its tree hash is not that of the entries before it');
      }
    }
    if (entry.kind === 'settled') {
      this.checkSettled(entry);
    }
    this.take(entry, line);
    return entry;
  }

  /** Add an entry that was just made for this place, without looking at it again. */
  extend(entry: Exclude<Entry, SegmentEntry>, line: string): void {
    this.take(entry, line);
  }

  /** Go on with a file's first line in a chain that forgets the entries before it. @throws Damage as `add` does */
  rotated(line: string): Chain {
    const unsettled = [...this.unsettled];
    const entry = this.add(line);
    if (entry.kind !== 'segment') {
      throw new Damage('the file does not begin with its own entry');
    }
    const next = new Chain();
    next.take(entry, line);
    unsettled.forEach(([sequence, departed]) => next.unsettled.set(sequence, departed));
    Object.assign(next.totals, this.totals);
    return next;
  }

  /** The line of an entry. @throws RangeError when it is in an earlier file than was read, or not there */
  lineOf(sequence: number): string {
    const line = this.lines[sequence - this.first];
    if (line === undefined) {
      throw new RangeError(`Entry ${sequence} is not here.`);
    }
    return line;
  }

  has(sequence: number): boolean {
    return sequence >= this.first && sequence < this.next;
  }

  /** Sequence of the entry that settled a departure; null when none did yet. */
  settlementOf(sequence: number): number | null {
    return this.settledBy.get(sequence)?.sequence ?? null;
  }

  /** Audit path of an entry in the tree over the first `size` ones. */
  path(sequence: number, size: number): string[] {
    return this.tree.path(sequence, size);
  }

  /** Begin with this file. */
  private startHere(entry: SegmentEntry): void {
    this.tree = new HashTree(entry.sequence, entry.frontier);
    this.first = entry.sequence;
    entry.unsettled.forEach(sequence => this.unsettled.set(sequence, null));
  }

  private checkSegment(entry: SegmentEntry): void {
    if (this.last && entry.segment !== this.segment + 1) {
      throw new Damage(`file ${entry.segment} does not follow file ${this.segment}`);
    }
    if (this.ledger !== null && entry.ledger !== this.ledger) {
      throw new Damage('it belongs to another ledger');
    }
    if ((entry.segment === 1) !== (entry.sequence === 0) || (entry.segment === 1 && entry.previous !== NO_HASH)) {
      throw new Damage('it is not the beginning of a ledger');
    }
    const tree = new HashTree(entry.sequence, entry.frontier);
    if (entry.frontier.length !== tree.frontier().length || tree.root() !== entry.root) {
      throw new Damage('its subtrees do not make its tree hash');
    }
    if (this.last && entry.unsettled.join() !== [...this.unsettled.keys()].join()) {
      throw new Damage('it does not name the departures that nothing settled');
    }
  }

  /** What was settled as unknown may be settled once more, by whoever was still waiting. */
  private checkSettled({ departed: { sequence, hash } }: SettledEntry): void {
    const departed = this.unsettled.get(sequence);
    const earlier = this.settledBy.get(sequence);
    if (departed === undefined && earlier?.arrival.outcome !== 'unknown' && sequence >= this.first) {
      throw new Damage(`it settles entry ${sequence}, which is settled or no departure`);
    }
    const known = departed?.hash ?? earlier?.departed.hash;
    if (known !== undefined && known !== hash) {
      throw new Damage(`it names another entry ${sequence}`);
    }
  }

  private take(entry: Entry, line: string): void {
    if (entry.kind === 'segment') {
      if (!this.last) {
        this.startHere(entry);
      }
      this.segment = entry.segment;
      this.ledger = entry.ledger;
    } else if (entry.kind === 'departed') {
      this.unsettled.set(entry.sequence, entry);
      this.totals.departed += 1;
      this.totals.clean += entry.departure.clean ? 1 : 0;
      this.totals.bytes += entry.departure.bytes;
    } else if (entry.kind === 'settled') {
      this.totals.settled += this.unsettled.delete(entry.departed.sequence) ? 1 : 0;
      this.settledBy.set(entry.departed.sequence, entry);
    }
    this.totals.entries += 1;
    this.tree.add(entry.hash);
    this.lines.push(line);
    this.last = entry;
  }
}
