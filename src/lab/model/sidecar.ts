import type { Event } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Defaults, LearnJob, PanelLearnRequest, PanelStatus } from '../../protocol';
import { RequestError, type PanelApi } from '../api';
import type { ISidecarModel, Operation, Outage, Pace, SidecarState } from '../tokens';
import { isPanelEvent, withDefaults, withLearning, withRun } from './events';

/** A status item lives on events; this only heals what they missed. */
const SELDOM_MS = 60_000;
/** Where the growing pause between two failing questions ends. */
const LONGEST_PAUSE_MS = 300_000;

export class SidecarModel implements ISidecarModel {
  /**
   * @param api the server extension
   * @param events Jupyter Events of this server; those of others are ignored
   * @param interval milliseconds between two questions while a panel can be seen
   */
  constructor(
    private readonly _api: PanelApi,
    private readonly _events: Event.Stream,
    private _interval: number
  ) {
    this._events.connect(this._onEvent, this);
    this._poll = new Poll({
      name: 'veilbook:sidecar',
      auto: false,
      factory: () => this._ask(),
      frequency: { interval: _interval, backoff: true, max: LONGEST_PAUSE_MS },
      standby: () => this._watchers.size === 0 || 'when-hidden'
    });
    // A failed question is in `outage`; the tick only has to be heard.
    this._poll.ticked.connect(() => void this._poll.tick.catch(() => undefined));
  }

  get current(): SidecarState {
    return this._current;
  }

  get outage(): Outage | null {
    return this._outage;
  }

  get asOf(): Date | null {
    return this._asOf;
  }

  get operation(): Operation | null {
    return this._operation;
  }

  get changed(): ISignal<ISidecarModel, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  set interval(milliseconds: number) {
    this._interval = milliseconds;
    this._repace();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._events.disconnect(this._onEvent, this);
      this._poll.dispose();
      Signal.clearData(this);
    }
  }

  watch(pace: Pace): IDisposable {
    const watcher = { pace };
    this._watchers.add(watcher);
    this._repace();
    void this.refresh();
    return new DisposableDelegate(() => {
      this._watchers.delete(watcher);
      this._repace();
    });
  }

  async refresh(): Promise<void> {
    if (this._watchers.size === 0) {
      return;
    }
    await this._poll.refresh();
    await this._poll.tick.catch(() => undefined);
  }

  async run(operation: Operation): Promise<void> {
    this._operation = operation;
    this._changed.emit();
    try {
      this._settle(await this._api.run(operation));
    } catch (error) {
      this._fail(error);
      throw error;
    } finally {
      this._operation = null;
      this._changed.emit();
    }
    if (this._current.state === 'failed') {
      throw new RequestError('refused', this._current.error);
    }
  }

  async setDefaults(defaults: Defaults): Promise<void> {
    const before = this._current;
    this._set(withDefaults(before, defaults));
    try {
      const accepted = await this._api.setDefaults(defaults);
      this._set(withDefaults(this._current, accepted));
    } catch (error) {
      if (before.state === 'running') {
        this._set(withDefaults(this._current, before.status.defaults));
      }
      this._fail(error);
      throw error;
    }
  }

  learn(request: PanelLearnRequest): Promise<void> {
    return this._changeLearning(this._api.learn(request));
  }

  stopLearning(): Promise<void> {
    return this._changeLearning(this._api.stopLearning());
  }

  readLog(lines: number): Promise<string[]> {
    return this._api.log(lines);
  }

  private async _changeLearning(answer: Promise<LearnJob>): Promise<void> {
    try {
      const job = await answer;
      const known = this._current.state === 'running' ? this._current.status.learn : null;
      // The event of its end may have been faster than the answer.
      if (known?.job !== job.job || known.ended === null) {
        this._set(withLearning(this._current, job));
      }
    } catch (error) {
      this._fail(error);
      throw error;
    }
  }

  private async _ask(): Promise<void> {
    const turn = this._turn;
    try {
      const status = await this._api.status();
      // An answer that was under way while somebody acted may be older than the act.
      if (turn === this._turn && !this._operation) {
        this._settle(status);
      }
    } catch (error) {
      if (error instanceof RequestError && error.kind === 'refused') {
        this._settle({ state: 'failed', error: error.failure, log: [] });
      }
      this._fail(error);
      throw error;
    }
  }

  private _onEvent(_: Event.IManager, emission: Event.Emission): void {
    // Without a watcher nobody needs it: whoever comes next asks first.
    if (this._watchers.size === 0 || !isPanelEvent(emission)) {
      return;
    }
    switch (emission.type) {
      case 'run':
        this._set(withRun(this._current, emission.run));
        break;
      case 'defaults':
        this._set(withDefaults(this._current, emission.defaults));
        break;
      case 'learn':
        this._set(withLearning(this._current, emission.job));
        if (emission.job.ended !== null) {
          // The model may have another artefact now.
          void this.refresh();
        }
        break;
      case 'workspace':
        break;
      default:
        void this.refresh();
    }
  }

  private _settle(status: PanelStatus): void {
    this._outage = null;
    this._asOf = new Date();
    // Drawn again even when nothing has changed: what is shown says how long ago things were.
    this._set(status);
  }

  private _fail(error: unknown): void {
    if (error instanceof RequestError && error.kind !== 'refused') {
      this._outage = { kind: error.kind, failure: error.failure };
      this._changed.emit();
    }
  }

  private _set(current: SidecarState): void {
    if (current !== this._current) {
      this._turn++;
      this._current = current;
      this._changed.emit();
    }
  }

  private _repace(): void {
    if (this._watchers.size === 0) {
      void this._poll.stop();
      return;
    }
    const live = [...this._watchers].some(({ pace }) => pace === 'live');
    this._poll.frequency = {
      interval: live ? this._interval : SELDOM_MS,
      backoff: true,
      max: LONGEST_PAUSE_MS
    };
    void this._poll.start();
  }

  private _current: SidecarState = { state: 'unknown' };
  private _outage: Outage | null = null;
  private _asOf: Date | null = null;
  private _operation: Operation | null = null;
  private _turn = 0;
  private readonly _watchers = new Set<{ pace: Pace }>();
  private readonly _poll: Poll<void>;
  private readonly _changed = new Signal<ISidecarModel, void>(this);
}
