import { TypeCompiler } from '@sinclair/typebox/compiler';
import { createHmac, randomBytes } from 'node:crypto';
import {
  type Arrival,
  Departure,
  type DepartedEntry,
  type Entry,
  type Receipt,
  type SettledEntry,
  VeilError
} from '../../protocol';
import { type Chain, Damage, entryOf } from './chain';
import { damaged, LedgerFiles, makeKey, readKeys, unwritable, type LedgerKeys } from './files';
import { withLock } from './lock';
import { chainFrom, receiptFrom } from './receipt';
import { type Said, Tail } from './tail';
import { verifyLedger } from './verify';
import { isAlive, thisWriter } from './writer';

export interface LedgerOptions {
  /** Wait for the disk before a departure: a power cut then loses none either. */
  durable?: boolean;
  /** Size at which the next file begins. */
  segmentBytes?: number;
}

const SEGMENT_BYTES = 4 << 20;
/** How long what was written may be with the system alone. */
const SYNC_MS = 1000;
/** A departure of a process that cannot be seen from here is given up after so long. */
const FOREIGN_MS = 3_600_000;

const NOTHING_SENT = 'Nothing was sent.';

const departureSchema = TypeCompiler.Compile(Departure);

/**
 * The append-only record of what left. Entries are with the system when `depart` returns: a killed process loses none, a power
 * cut those of the last second (none with `durable`). Several processes of one user may have it open.
 */
export class Ledger {
  private dirty: NodeJS.Timeout | null = null;

  private constructor(
    private readonly files: LedgerFiles,
    private readonly keys: LedgerKeys,
    private readonly tail: Tail,
    private readonly durable: boolean
  ) {}

  /**
   * Open a ledger, or begin one; mend what a killed process left, and settle its departures as unknown.
   * @throws VeilError `ledger_damaged`, `output_unwritable`, `busy`
   */
  static async open(dir: string, { durable = false, segmentBytes = SEGMENT_BYTES }: LedgerOptions = {}): Promise<Ledger> {
    const files = new LedgerFiles(dir);
    try {
      files.make();
      if (files.segments().length === 0) {
        makeKey(files);
      }
      const keys = readKeys(files);
      if (!keys) {
        throw damaged(dir, 'its key is gone');
      }
      const ledger = new Ledger(files, keys, new Tail(files, keys.anchor, thisWriter(), segmentBytes), durable);
      await ledger.exclusively('', () => ledger.begin());
      return ledger;
    } catch (error) {
      throw withUndone(unwritable(error, dir), NOTHING_SENT);
    }
  }

  /** Whether a ledger is what it was. Reads alone. */
  static verify = verifyLedger;

  /**
   * Record that a tensor is about to leave. Not before this returns may its first byte be sent.
   * @throws VeilError `output_unwritable` (a full disk), `ledger_damaged`, `busy`, `bad_request`: it must then not leave
   */
  async depart(departure: Departure): Promise<DepartedEntry> {
    if (!departureSchema.Check(departure)) {
      const { path, message } = departureSchema.Errors(departure).First()!;
      throw new VeilError('bad_request', `The departure cannot be recorded (${path}: ${message}). ${NOTHING_SENT}`, '');
    }
    return this.exclusively(NOTHING_SENT, () => {
      this.tail.rotate();
      const entry = this.tail.append({ kind: 'departed', departure });
      if (this.durable) {
        this.tail.sync();
      }
      return entry as DepartedEntry;
    });
  }

  /** Record what came of a departure. @throws VeilError as `depart` does; it then stays unsettled */
  settle({ sequence, hash }: Pick<Entry, 'sequence' | 'hash'>, arrival: Arrival): Promise<SettledEntry> {
    return this.exclusively(
      `What came of departure ${sequence} was not recorded.`,
      () => this.tail.append({ kind: 'settled', departed: { sequence, hash }, arrival }) as SettledEntry
    );
  }

  /**
   * Proof of one departure for whoever knows the hash of a later head.
   * @param sequence of the departed entry
   * @param head sequence of the entry to prove it against; default the last one
   * @throws VeilError `not_found`, `ledger_damaged`
   */
  async receipt(sequence: number, head?: number): Promise<Receipt> {
    return receiptFrom(this.state.has(sequence) ? this.state : this.older(sequence), sequence, head);
  }

  /** Keyed hash of a frame (or of what names it): equal for equal ones, and nothing else to whoever lacks the key. */
  sourceOf(frame: Uint8Array): string {
    return createHmac('sha256', this.keys.source).update(frame).digest('hex');
  }

  /** The last entry that this process knows of. */
  get head(): Entry {
    return this.state.last!;
  }

  /** Bring everything to the disk. */
  async close(): Promise<void> {
    if (this.dirty) {
      clearTimeout(this.dirty);
      this.dirty = null;
      this.tail.sync();
    }
    this.tail.close();
  }

  private get state(): Chain {
    return this.tail.state;
  }

  private begin(): void {
    if (!this.state.last) {
      const ledger = randomBytes(16).toString('hex');
      this.tail.append({ kind: 'segment', ledger, segment: 1, frontier: [], unsettled: [] });
    }
    for (const [sequence, known] of [...this.state.unsettled]) {
      const departed = known ?? (entryOf(this.older(sequence).lineOf(sequence)) as DepartedEntry);
      if (isGivenUp(departed)) {
        const arrival = { reply_sha256: null, bytes_sent: null, bytes_received: null, server_version: null };
        this.tail.append({
          kind: 'settled',
          departed: { sequence, hash: departed.hash },
          arrival: { outcome: 'unknown', ...arrival }
        } satisfies Said<SettledEntry>);
      }
    }
  }

  private older(sequence: number): Chain {
    try {
      return chainFrom(this.files, sequence);
    } catch (error) {
      throw error instanceof Damage ? damaged(this.files.dir, error.message) : error;
    }
  }

  private async exclusively<T>(undone: string, work: () => T): Promise<T> {
    try {
      const result = await withLock(this.files.lock, inherited => {
        this.tail.catchUp(inherited);
        return work();
      });
      this.syncSoon();
      return result;
    } catch (error) {
      throw withUndone(unwritable(error, this.files.dir), undone);
    }
  }

  /** One wait for the disk a second, for all entries of that second, beside the requests and not in them. */
  private syncSoon(): void {
    this.dirty ??= setTimeout(() => {
      this.dirty = null;
      this.tail.syncBehind();
    }, SYNC_MS).unref();
  }
}

const withUndone = ({ code, message, remedy }: VeilError, undone: string): VeilError =>
  new VeilError(code, `${message} ${undone}`.trim(), remedy);

function isGivenUp({ writer, time }: DepartedEntry): boolean {
  const alive = isAlive(writer);
  return alive === null ? Date.now() - Date.parse(time) > FOREIGN_MS : !alive;
}
