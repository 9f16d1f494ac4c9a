import { createHmac, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { VeilError } from '../../protocol';
import { Damage } from './chain';

/** Where the ledger lies: it must survive, so with the user's data and not with what is of one life of the sidecar. */
export function ledgerFolder(env: NodeJS.ProcessEnv = process.env): string {
  const { VEILBOOK_LEDGER_DIR: named, XDG_DATA_HOME: data } = env;
  if (named && isAbsolute(named)) {
    return named;
  }
  return join(data && isAbsolute(data) ? data : join(env.HOME || homedir(), '.local', 'share'), 'veilbook', 'ledger');
}

/** The names in a ledger's folder. */
export class LedgerFiles {
  readonly anchor: string;
  readonly lock: string;
  readonly key: string;

  constructor(readonly dir: string) {
    this.anchor = join(dir, 'anchor');
    this.lock = join(dir, 'lock');
    this.key = join(dir, 'key');
  }

  segment(number: number): string {
    return join(this.dir, `${String(number).padStart(6, '0')}.jsonl`);
  }

  /** Numbers of the files, ascending. */
  segments(): number[] {
    const names = existsSync(this.dir) ? readdirSync(this.dir) : [];
    return names
      .filter(name => /^\d{6,}\.jsonl$/.test(name))
      .map(name => Number.parseInt(name, 10))
      .sort((a, b) => a - b);
  }

  /**
   * Whole lines of a file from a place on, and the bytes after the last line feed.
   * @param upTo bytes of the file that are looked at
   * @throws Damage when there are bytes that are no UTF-8
   */
  read(number: number, from = 0, upTo = Infinity): { lines: string[]; end: number; torn: Buffer } {
    const descriptor = openSync(this.segment(number), constants.O_RDONLY);
    try {
      const wanted = Math.max(0, Math.min(upTo, fstatSync(descriptor).size) - from);
      const bytes = Buffer.alloc(wanted);
      const got = readSync(descriptor, bytes, 0, wanted, from);
      const whole = bytes.subarray(0, got);
      const end = whole.lastIndexOf(10) + 1;
      return { lines: linesOf(whole.subarray(0, end)), end: from + end, torn: whole.subarray(end) };
    } finally {
      closeSync(descriptor);
    }
  }

  /**
   * Make the folder, readable by its owner alone.
   * @throws VeilError `output_unwritable` when it is another user's or open to others
   */
  make(): void {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(this.dir);
    if (uid !== (process.geteuid?.() ?? uid) || (mode & 0o077) !== 0) {
      throw new VeilError(
        'output_unwritable',
        `The ledger's folder ${this.dir} is another user's or open to others.`,
        'Close it: it must be yours, with mode 700.'
      );
    }
  }

  /** Keep bytes that are no entry; returns the file's name. */
  keepAside(segment: number, offset: number, bytes: Uint8Array, sha256: string): string {
    mkdirSync(join(this.dir, 'torn'), { recursive: true, mode: 0o700 });
    const name = join('torn', `${String(segment).padStart(6, '0')}-${offset}-${sha256.slice(0, 8)}`);
    writeFileSync(join(this.dir, name), bytes, { mode: 0o600, flush: true });
    return name;
  }

  /** Names that were made stay after a power cut. */
  syncFolder(): void {
    const descriptor = openSync(this.dir, constants.O_RDONLY);
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function linesOf(bytes: Uint8Array): string[] {
  if (bytes.length === 0) {
    return [];
  }
  try {
    return utf8.decode(bytes).slice(0, -1).split('\n');
  } catch {
    throw new Damage('there are bytes that are no UTF-8');
  }
}

/** Secrets of one ledger, both from its key file. */
export interface LedgerKeys {
  anchor: Uint8Array;
  source: Uint8Array;
}

/** @returns null where there is no key file, or none that could be one */
export function readKeys(files: LedgerFiles): LedgerKeys | null {
  const text = existsSync(files.key) ? readFileSync(files.key, 'latin1') : '';
  if (!/^[0-9a-f]{64}\n$/.test(text)) {
    return null;
  }
  const derive = (use: string): Uint8Array => createHmac('sha256', Buffer.from(text, 'hex')).update(use).digest();
  return { anchor: derive('veilbook ledger anchor'), source: derive('veilbook ledger source') };
}

/** Make the key of a new ledger. Of several at once one wins; the file is never seen half written. */
export function makeKey(files: LedgerFiles): void {
  const draft = `${files.key}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(draft, files.key);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  } finally {
    rmSync(draft);
  }
}

/** A file error on the way to an entry, without what was left undone. */
export function unwritable(thrown: unknown, path: string): VeilError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (thrown instanceof VeilError || !/^E[A-Z0-9]+$/.test(code ?? '')) {
    return VeilError.from(thrown);
  }
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new VeilError('output_unwritable', `The disk of the ledger is full (${path}).`, 'Free some space.')
    : new VeilError('output_unwritable', `The ledger cannot be written (${message}).`, 'Make it writable for you alone.');
}

/** The ledger is not what it was. */
export const damaged = (dir: string, what: string): VeilError =>
  new VeilError(
    'ledger_damaged',
    `The ledger in ${dir} was changed: ${what}.`,
    'Keep that folder for whoever reviews it and move it away; a new ledger then begins.'
  );
