import { createHmac, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, fdatasync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type Entry, VeilError } from '../../protocol';
import { canonical } from './canonical';

/** Bytes of each of the anchor's two records: one page, written in one piece. */
export const SLOT = 4096;
/** Digits of the MAC that a record begins with; a blank and the canonical content follow. */
const MAC = 64;

/** The entry that is written next, or was written last. */
export interface Anchored {
  /** Its whole line, without the line feed. */
  line: string;
  entry: Pick<Entry, 'sequence' | 'hash' | 'previous'>;
  /** Number of the file that it belongs to. */
  segment: number;
  /** The machine's start in which it was written. */
  boot: string;
}

export interface AnchorReading {
  /** Null: no entry was ever written. */
  newest: Anchored | null;
  /** What is wrong with the records, in words. */
  faults: string[];
}

/**
 * The end of the chain, kept outside of it: two records, written in turn, each with a MAC. A record names an entry before
 * its line is written, so that the file holds the anchor's entry, or (a process was killed between the two) lacks just it.
 */
export class Anchor {
  private descriptor: number | null = null;

  constructor(
    private readonly path: string,
    private readonly key: Uint8Array
  ) {}

  /** Write into the record that the entry's sequence chooses. */
  write({ line, entry, segment, boot }: Anchored, slot = entry.sequence % 2): void {
    this.descriptor ??= openSync(this.path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const bytes = rendered({ line, segment, boot }, this.key);
    if (writeSync(this.descriptor, bytes, 0, SLOT, slot * SLOT) !== SLOT) {
      throw Object.assign(new Error('a short write'), { code: 'ENOSPC' });
    }
  }

  sync(): void {
    if (this.descriptor !== null) {
      fdatasyncSync(this.descriptor);
    }
  }

  syncBehind(): void {
    if (this.descriptor !== null) {
      fdatasync(this.descriptor, () => undefined);
    }
  }

  close(): void {
    if (this.descriptor !== null) {
      closeSync(this.descriptor);
      this.descriptor = null;
    }
  }
}

/** @throws VeilError `output_unwritable` when the line does not fit into a record */
function rendered(content: { line: string; segment: number; boot: string }, key: Uint8Array): Buffer {
  const text = canonical(content);
  const length = Buffer.byteLength(text);
  if (MAC + 1 + length >= SLOT) {
    throw new VeilError('bad_request', 'The names in this departure are too long for the ledger.', '');
  }
  const bytes = Buffer.alloc(SLOT, ' ');
  bytes.write(createHmac('sha256', key).update(text).digest('hex'));
  bytes.write(text, MAC + 1);
  bytes[SLOT - 1] = 10;
  return bytes;
}

/** @param key null where there is none: records are read without their MAC being checked, which is a fault */
export function readAnchor(path: string, key: Uint8Array | null): AnchorReading {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
    return { newest: null, faults: [] };
  }
  const faults: string[] = key ? [] : ['there is no key to check the anchor with'];
  const slots = [0, 1].map(slot => recordAt(bytes.subarray(slot * SLOT, (slot + 1) * SLOT), key));
  const found = slots.filter(each => each !== null && each !== 'damaged');
  found.sort((a, b) => b.entry.sequence - a.entry.sequence);
  const newest = found[0] ?? null;
  const whole = bytes.length === (slots[1] === null && newest?.entry.sequence === 0 ? SLOT : 2 * SLOT);
  if (bytes.length > 0 && !whole) {
    faults.push(`the anchor is ${bytes.length} bytes long`);
  }
  if (slots.includes('damaged') || (newest && newest.entry.sequence > 0 && slots.includes(null))) {
    faults.push('a record of the anchor is damaged');
  } else if (found.length === 2 && found[0].entry.sequence - found[1].entry.sequence > 1) {
    faults.push('the records of the anchor do not follow each other');
  }
  return { newest, faults };
}

function recordAt(bytes: Buffer, key: Uint8Array | null): Anchored | 'damaged' | null {
  if (bytes.length === 0 || bytes.every(byte => byte === 0)) {
    return null;
  }
  try {
    const content = JSON.parse(bytes.toString('utf8', MAC));
    if (key && (bytes.length !== SLOT || !timingSafeEqual(rendered(content, key), bytes))) {
      return 'damaged';
    }
    const entry = JSON.parse(content.line) as Entry;
    return { ...content, entry };
  } catch {
    return 'damaged';
  }
}
