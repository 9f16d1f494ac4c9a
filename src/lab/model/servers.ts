import type { Event } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Poll, Throttler } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Receipt } from '../../protocol';
import { RequestError, type PanelApi } from '../api';
import type { IServersModel, ListedTail, Outage, Pace, ServersState, TailLook } from '../tokens';
import { isPanelEvent } from './events';
import { LedgerWatch, type KnownLedger } from './ledger';

const INTERVAL_MS = 30_000;
/** Runs may follow each other faster than a ledger is worth reading. */
const LEDGER_MS = 2000;
/** Where the growing pause between two failing questions ends. */
const LONGEST_PAUSE_MS = 300_000;
/** So many servers are asked how they are; of further ones it is said that they are not. */
const LOOKED_AT = 12;

export class ServersModel implements IServersModel {
  /**
   * @param api the server extension
   * @param events Jupyter Events of this server: after a run more may have left
   * @param save keeps the addresses that a person added
   */
  constructor(
    private readonly _api: PanelApi,
    private readonly _events: Event.Stream,
    private readonly _save: (added: string[]) => Promise<void>
  ) {
    this._ledger = new LedgerWatch(_api, () => this._changed.emit());
    this._events.connect(this._onEvent, this);
    this._poll = new Poll({
      name: 'veilbook:servers',
      auto: false,
      factory: () => this._ask(),
      frequency: { interval: INTERVAL_MS, backoff: true, max: LONGEST_PAUSE_MS },
      standby: () => this._watchers === 0 || 'when-hidden'
    });
    // A failed question is in `outage` or `current`; the tick only has to be heard.
    this._poll.ticked.connect(() => void this._poll.tick.catch(() => undefined));
  }

  get current(): ServersState {
    return this._current;
  }

  get outage(): Outage | null {
    return this._outage;
  }

  get asOf(): Date | null {
    return this._asOf;
  }

  get ledger(): KnownLedger | null {
    return this._ledger.known;
  }

  get verifying(): boolean {
    return this._ledger.verifying;
  }

  get hasMore(): boolean {
    return this._ledger.hasMore;
  }

  get tails(): readonly ListedTail[] {
    const { _current: current, _added: added } = this;
    const known = current.state === 'known' ? current.list.tails : [];
    const listed = known.map(tail => ({ ...tail, added: added.includes(tail.url) }));
    const own = added.filter(url => !known.some(tail => tail.url === url));
    return [...listed, ...own.map(addedTail)];
  }

  get changed(): ISignal<IServersModel, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._events.disconnect(this._onEvent, this);
      this._poll.dispose();
      this._afterRun.dispose();
      Signal.clearData(this);
    }
  }

  watch(_pace: Pace): IDisposable {
    this._watchers++;
    // Asks at once, unless it was running already.
    void this._poll.start();
    return new DisposableDelegate(() => {
      this._watchers--;
      if (this._watchers === 0) {
        void this._poll.stop();
      }
    });
  }

  look(url: string): TailLook | null {
    return this._looks.get(url) ?? null;
  }

  async refresh(): Promise<void> {
    if (this._watchers > 0) {
      await this._ask().catch(() => undefined);
    }
  }

  setAdded(added: readonly string[]): void {
    if (added.join('\n') !== this._added.join('\n')) {
      this._added = [...added];
      this._changed.emit();
      void this.refresh();
    }
  }

  async add(url: string): Promise<void> {
    if (!this._added.includes(url)) {
      const more = [...this._added, url];
      await this._save(more);
      // The settings may have said so by now.
      this.setAdded(more);
    }
  }

  async remove(url: string): Promise<void> {
    const rest = this._added.filter(other => other !== url);
    await this._save(rest);
    this._looks.delete(url);
    this.setAdded(rest);
  }

  verify(): Promise<void> {
    return this._ledger.verify();
  }

  more(): Promise<void> {
    return this._ledger.more();
  }

  receipt(entry: number): Promise<Receipt> {
    return this._api.receipt(entry);
  }

  private async _ask(): Promise<void> {
    const turn = ++this._asked;
    try {
      const list = await this._api.servers();
      if (turn < this._asked) {
        return;
      }
      this._outage = null;
      this._asOf = new Date();
      this._current = { state: 'known', list };
      this._changed.emit();
      await Promise.all([this._ledger.ask(), ...this.tails.slice(0, LOOKED_AT).map(tail => this._inspect(tail))]);
    } catch (error) {
      this._hearFailure(error);
      throw error;
    } finally {
      this._changed.emit();
    }
  }

  /** What the last look found stays until the next has an answer. */
  private async _inspect({ url, refused }: ListedTail): Promise<void> {
    if (refused !== null) {
      this._looks.delete(url);
      return;
    }
    try {
      this._looks.set(url, await this._api.inspectTail(url));
    } catch (error) {
      if (!(error instanceof RequestError) || error.kind !== 'refused' || error.failure.code === 'sidecar_unavailable') {
        throw error;
      }
      this._looks.set(url, { state: 'broken', failure: error.failure });
    }
    this._changed.emit();
  }

  private _hearFailure(error: unknown): void {
    if (!(error instanceof RequestError)) {
      return;
    }
    const { kind, failure } = error;
    if (kind !== 'refused') {
      this._outage = { kind, failure };
    } else {
      this._outage = null;
      this._current = failure.code === 'sidecar_unavailable' ? { state: 'stopped' } : { state: 'broken', failure };
    }
  }

  private _onEvent(_: Event.IManager, emission: Event.Emission): void {
    if (this._watchers === 0 || !isPanelEvent(emission)) {
      return;
    }
    if (emission.type === 'state') {
      void this.refresh();
    } else if (emission.type === 'run' && this._current.state === 'known') {
      this._afterRun.invoke().catch(() => undefined);
    }
  }

  private _current: ServersState = { state: 'unknown' };
  private _outage: Outage | null = null;
  private _asOf: Date | null = null;
  private _added: string[] = [];
  private _asked = 0;
  private _watchers = 0;
  private readonly _looks = new Map<string, TailLook>();
  private readonly _ledger: LedgerWatch;
  private readonly _afterRun = new Throttler(() => this._ledger.ask(), { limit: LEDGER_MS, edge: 'trailing' });
  private readonly _poll: Poll<void>;
  private readonly _changed = new Signal<IServersModel, void>(this);
}

/** What is known of an address before its server was asked. */
function addedTail(url: string): ListedTail {
  const [, destination, model] = /^([^/]+\/\/[^/]+)\/(.*)$/.exec(url) ?? ['', url, ''];
  return { url, destination, model, assumed: false, sources: [], refused: null, last: null, cluster: null, added: true };
}
