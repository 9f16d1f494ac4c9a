import type { LedgerPage, Verdict } from '../../protocol';
import type { PanelApi } from '../api';

/** Rows at first, and how many more each time that somebody wants more. */
const SHOWN = 5;
const STEP = 20;
/** The most that the server tells at once. */
const MOST = 200;

/** What is known of the ledger: `verdict` is what the last look through all of it found, at `verified`. */
export interface KnownLedger {
  page: LedgerPage;
  verdict: Verdict | null;
  verified: string | null;
}

/** The ledger's last departures. All of it is looked through at first and when a person asks: that takes its time. */
export class LedgerWatch {
  private _known: KnownLedger | null = null;
  private _shown = SHOWN;
  private _asking: Promise<void> | null = null;
  private _verifying = false;

  constructor(
    private readonly _api: Pick<PanelApi, 'ledger'>,
    private readonly _changed: () => void
  ) {}

  get known(): KnownLedger | null {
    return this._known;
  }

  get verifying(): boolean {
    return this._verifying;
  }

  /** There are earlier departures than those shown, and they can be. */
  get hasMore(): boolean {
    return this._known?.page.more === true && this._shown < MOST;
  }

  /** Rejects with a RequestError; what was known stays. */
  async ask(): Promise<void> {
    // Runs may follow each other faster than the ledger is read.
    this._asking ??= this._read(!this._known?.verdict || this._known.page.unreadable !== null).finally(() => {
      this._asking = null;
    });
    await this._asking;
  }

  /** Rejects with a RequestError. */
  async verify(): Promise<void> {
    await this._asking?.catch(() => undefined);
    await this._read(true);
  }

  async more(): Promise<void> {
    this._shown = Math.min(MOST, this._shown - (this._shown % STEP) + STEP);
    await this._asking?.catch(() => undefined);
    await this._read(false);
  }

  private async _read(verify: boolean): Promise<void> {
    this._verifying = verify;
    this._changed();
    try {
      const page = await this._api.ledger(this._shown, verify);
      const { verdict, verified } = verify || !this._known ? page : this._known;
      this._known = { page, verdict, verified };
    } finally {
      this._verifying = false;
      this._changed();
    }
  }
}
