import {
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync
} from 'node:fs';
import { type Entry, type RepairedEntry, type RestartedEntry, type VeilError } from '../../protocol';
import { Anchor, type Anchored, readAnchor } from './anchor';
import { canonical, hashOf, sha256 } from './canonical';
import { Chain, Damage } from './chain';
import { damaged, type LedgerFiles } from './files';
import { bootId } from './writer';

/** What an entry says, without its place in the chain. */
export type Said<Kind extends Entry = Entry> = Kind extends Entry
  ? Omit<Kind, 'schema' | 'sequence' | 'time' | 'previous' | 'root' | 'writer' | 'hash'>
  : never;

/** The last file of a ledger, open for the next line. Every method is for the holder of the lock. */
export class Tail {
  private chain = new Chain();
  private descriptor = -1;
  private size = 0;
  private readonly anchor: Anchor;
  private readonly boot = bootId();
  private anchored: Anchored | null = null;

  constructor(
    private readonly files: LedgerFiles,
    private readonly key: Uint8Array,
    private readonly writer: string,
    private readonly segmentBytes: number
  ) {
    this.anchor = new Anchor(files.anchor, key);
  }

  get state(): Chain {
    return this.chain;
  }

  /**
   * Read what others appended since. After a holder that died, or where the end is not as expected, look at everything anew.
   * @throws VeilError `ledger_damaged` when the file does not end where the anchor says
   */
  catchUp(inherited: boolean): void {
    const path = this.files.segment(this.chain.segment);
    const now = statSync(path, { throwIfNoEntry: false });
    const mine = this.descriptor < 0 ? null : fstatSync(this.descriptor);
    if (
      inherited ||
      !now ||
      now.ino !== mine?.ino ||
      now.size < this.size ||
      existsSync(this.files.segment(this.chain.segment + 1))
    ) {
      this.recover();
      return;
    }
    if (now.size > this.size) {
      const { lines, end, torn } = this.reading(this.chain.segment, () => this.files.read(this.chain.segment, this.size));
      if (torn.length > 0) {
        this.recover();
        return;
      }
      this.addAll(lines, this.chain.segment);
      this.size = end;
      this.remember(this.chain.lineOf(this.chain.next - 1));
    }
  }

  /** Write an entry: first into the anchor, then as a line. When it returns both are with the system. */
  append(said: Said): Entry {
    const { place } = this.chain;
    const time = new Date().toISOString();
    const body = { ...said, ...place, schema: 1 as const, time, writer: this.writer };
    const entry = { ...body, hash: hashOf(body) } as Entry;
    const line = canonical(entry);
    const segment = said.kind === 'segment' ? said.segment : this.chain.segment;
    const before = this.anchored;
    const next = { line, entry, segment, boot: this.boot };
    this.anchor.write(next);
    try {
      this.writeLine(line, segment, entry);
    } catch (error) {
      this.takeBack(next, before);
      throw error;
    }
    this.remember(line);
    return entry;
  }

  /** Begin the next file, once the present one is large enough. */
  rotate(): void {
    if (this.size >= this.segmentBytes && this.chain.unsettled.size <= 64) {
      this.sync();
      this.append({ kind: 'segment', ledger: this.chain.ledger!, ...this.chain.nextSegment });
    }
  }

  sync(): void {
    if (this.descriptor >= 0) {
      fdatasyncSync(this.descriptor);
      this.anchor.sync();
    }
  }

  /** The same without waiting; a failure shows at the next write. */
  syncBehind(): void {
    if (this.descriptor >= 0) {
      fdatasync(this.descriptor, () => undefined);
      this.anchor.syncBehind();
    }
  }

  close(): void {
    if (this.descriptor >= 0) {
      closeSync(this.descriptor);
    }
    this.descriptor = -1;
    this.anchor.close();
  }

  /** Open the end of the ledger and mend what a killed process or a power cut may leave; say so in the chain. */
  recover(): void {
    this.close();
    const { newest } = readAnchor(this.files.anchor, this.key);
    const numbers = this.files.segments();
    const torn = this.readLast(numbers);
    if (newest === null && (numbers.length > 1 || this.chain.last)) {
      throw this.damaged('there is no anchor that says where it ends');
    }
    const at = numbers.at(-1) ?? 0;
    const kept = torn.length > 0 ? this.setAside(torn, at, at === this.chain.segment ? this.size : 0) : null;
    this.remember(this.chain.last && this.chain.lineOf(this.chain.last.sequence));
    const redone = this.reconcile(newest);
    if (at > this.chain.segment) {
      rmSync(this.files.segment(at));
    }
    if (kept) {
      this.append({ kind: 'repaired', kept, redone } satisfies Said<RepairedEntry>);
    }
  }

  /** Read the last two files, as a departure in the last but one may be unsettled. @returns bytes after the last line feed */
  private readLast(numbers: number[]): Buffer {
    this.chain = new Chain();
    this.size = 0;
    let torn: Buffer = Buffer.alloc(0);
    for (const number of numbers.slice(-2)) {
      if (torn.length > 0) {
        throw this.damaged(`${this.files.segment(number - 1)} does not end with a line feed`);
      }
      const read = this.reading(number, () => this.files.read(number));
      torn = read.torn;
      // A file without a whole line was being begun: the one before it is the last.
      if (read.lines.length > 0) {
        this.addAll(read.lines, number);
        this.size = read.end;
      }
    }
    return torn;
  }

  /** Compare the chain with the anchor. @returns whether the entry that was being written was written now */
  private reconcile(newest: Anchored | null): boolean {
    const found = this.chain.last;
    if (newest === null || (found?.sequence === newest.entry.sequence && found.hash === newest.entry.hash)) {
      return false;
    }
    const { sequence, previous } = this.chain.place;
    if (newest.entry.sequence === sequence && newest.entry.previous === previous) {
      this.writeLine(newest.line, newest.segment);
      this.remember(newest.line);
      return true;
    }
    if (found === null || newest.boot === this.boot) {
      throw this.damaged(
        `it ends with entry ${found?.sequence ?? 'none'} where its anchor names entry ${newest.entry.sequence} as the last`
      );
    }
    // Over the record that the new entry does not replace: the other one would name an entry that is not there.
    this.anchor.write(this.anchored!);
    this.append({
      kind: 'restarted',
      anchor: { sequence: newest.entry.sequence, hash: newest.entry.hash },
      found: { sequence: found.sequence, hash: found.hash }
    } satisfies Said<RestartedEntry>);
    return false;
  }

  private setAside(torn: Buffer, segment: number, offset: number): RepairedEntry['kept'] {
    const hash = sha256(torn);
    const file = this.files.keepAside(segment, offset, torn, hash);
    truncateSync(this.files.segment(segment), offset);
    return { file, bytes: torn.length, sha256: hash };
  }

  private addAll(lines: string[], segment: number): void {
    this.reading(segment, () => {
      for (const line of lines) {
        if (this.chain.last && this.chain.segment !== segment) {
          this.chain = this.chain.rotated(line);
        } else {
          this.chain.add(line);
        }
        if (this.chain.segment !== segment) {
          throw new Damage('it is not the file that it says');
        }
      }
    });
  }

  /** @throws VeilError `ledger_damaged` for what is wrong with a file */
  private reading<T>(segment: number, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw error instanceof Damage ? this.damaged(`${this.files.segment(segment)}: ${error.message}`) : error;
    }
  }

  /** Append the line and take it into the chain, checked unless it was `made` here; a file that is begun is opened. */
  private writeLine(line: string, segment: number, made?: Entry): void {
    const begins = segment !== this.chain.segment;
    if (begins || this.descriptor < 0) {
      const opened = openSync(this.files.segment(segment), 'a', 0o600);
      if (this.descriptor >= 0) {
        closeSync(this.descriptor);
      }
      this.descriptor = opened;
      this.size = fstatSync(opened).size;
    }
    const bytes = Buffer.from(`${line}\n`);
    if (writeSync(this.descriptor, bytes) !== bytes.length) {
      throw Object.assign(new Error('a short write'), { code: 'ENOSPC' });
    }
    this.size += bytes.length;
    if (begins) {
      this.files.syncFolder();
      this.chain = this.chain.rotated(line);
    } else if (made && made.kind !== 'segment') {
      this.chain.extend(made, line);
    } else {
      this.chain.add(line);
    }
  }

  /** A line that could not be written whole: the file and the anchor become what they were, as nothing left. */
  private takeBack(written: Anchored, before: Anchored | null): void {
    try {
      if (this.descriptor >= 0) {
        ftruncateSync(this.descriptor, this.size);
      }
      if (before) {
        this.anchor.write(before, written.entry.sequence % 2);
      }
    } catch {
      // The next one to open the ledger finds the entry in the anchor and writes it: too much is said rather than too little.
    }
    this.close();
  }

  private remember(line: string | null): void {
    const { last, segment } = this.chain;
    this.anchored = line === null || !last ? null : { line, entry: last, segment, boot: this.boot };
  }

  private damaged(what: string): VeilError {
    return damaged(this.files.dir, what);
  }
}
