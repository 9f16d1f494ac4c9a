import type { Event } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import type { SnapshotFolder, Workspace, WorkspaceOperation } from '../../protocol';
import { RequestError, type PanelApi } from '../api';
import type { Holding, IWorkspaceModel, Outage, Pace, WorkspaceAction, WorkspaceState } from '../tokens';
import { isPanelEvent } from './events';

/** While something runs: an event that was lost must not leave a bar standing. */
const RUNNING_MS = 1000;
const IDLE_MS = 30_000;
/** Where the growing pause between two failing questions ends. */
const LONGEST_PAUSE_MS = 300_000;

export class WorkspaceModel implements IWorkspaceModel {
  /**
   * @param api the server extension
   * @param events Jupyter Events of this server; those of others are ignored
   */
  constructor(
    private readonly _api: PanelApi,
    private readonly _events: Event.Stream
  ) {
    this._events.connect(this._onEvent, this);
    this._poll = new Poll({
      name: 'veilbook:workspace',
      auto: false,
      factory: () => this._ask(),
      frequency: { interval: IDLE_MS, backoff: true, max: LONGEST_PAUSE_MS },
      standby: () => this._watchers === 0 || 'when-hidden'
    });
    // A failed question is in `outage`; the tick only has to be heard.
    this._poll.ticked.connect(() => void this._poll.tick.catch(() => undefined));
  }

  get current(): WorkspaceState {
    return this._current;
  }

  get outage(): Outage | null {
    return this._outage;
  }

  get asOf(): Date | null {
    return this._asOf;
  }

  get running(): WorkspaceOperation | null {
    return this._last?.record.state === 'running' ? this._last : null;
  }

  get asking(): boolean {
    return this._asking > 0;
  }

  get changed(): ISignal<IWorkspaceModel, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._events.disconnect(this._onEvent, this);
      this._poll.dispose();
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

  async refresh(): Promise<void> {
    if (this._watchers > 0) {
      // Not by the poll, which leaves out a question while another one is under way: that one's answer may be too old.
      await this._ask().catch(() => undefined);
    }
  }

  async perform(action: WorkspaceAction): Promise<WorkspaceOperation> {
    // A command works without a panel that watches.
    const watch = this.watch('live');
    try {
      const begun = await this._answered(this._api.begin(action));
      const over = this._over(begun);
      this._hear(begun);
      // The next question is due by the old, slow pace.
      void this._poll.refresh();
      const { record, result } = await over;
      if (record.error) {
        throw new RequestError('refused', record.error);
      }
      await this.refresh();
      return { record, result };
    } finally {
      watch.dispose();
    }
  }

  holdings(paths: string[]): Promise<Holding[]> {
    return this._answered(this._api.holdings(paths));
  }

  folder(snapshot: string, path: string): Promise<SnapshotFolder> {
    return this._api.folder(snapshot, path);
  }

  others(): Promise<Workspace[]> {
    return this._api.others();
  }

  async pin(snapshot: string, pinned: boolean): Promise<void> {
    await this._answered(this._api.pin(snapshot, pinned));
    await this.refresh();
  }

  async cancel(): Promise<void> {
    if (this.running) {
      await this._answered(this._api.cancel(this.running.record.id));
    }
  }

  private async _answered<T>(answer: Promise<T>): Promise<T> {
    this._asking++;
    this._changed.emit();
    try {
      return await answer;
    } catch (error) {
      this._fail(error);
      throw error;
    } finally {
      this._asking--;
      this._changed.emit();
    }
  }

  /** Resolves with the operation when it is known to be over. */
  private _over({ record }: WorkspaceOperation): Promise<WorkspaceOperation> {
    return new Promise(resolve => this._waiting.set(record.id, resolve));
  }

  private _hear(operation: WorkspaceOperation): void {
    const { record } = operation;
    // The event of its end may have been faster than the answer to the question.
    const late = record.state === 'running' && this._ended.has(record.id);
    if (late) {
      this._waiting.get(record.id)?.(this._ended.get(record.id)!);
      this._waiting.delete(record.id);
      return;
    }
    this._last = operation;
    if (record.state !== 'running') {
      this._ended.set(record.id, operation);
      this._waiting.get(record.id)?.(operation);
      this._waiting.delete(record.id);
    }
    const interval = this.running ? RUNNING_MS : IDLE_MS;
    if (this._poll.frequency.interval !== interval) {
      this._poll.frequency = { interval, backoff: true, max: LONGEST_PAUSE_MS };
    }
    this._changed.emit();
  }

  private async _ask(): Promise<void> {
    const turn = ++this._asked;
    try {
      const view = await this._api.workspace();
      if (turn < this._heard) {
        return;
      }
      this._heard = turn;
      this._outage = null;
      this._asOf = new Date();
      this._current = { state: 'known', view };
      if (view.operation) {
        this._hear(view.operation);
      }
      this._changed.emit();
    } catch (error) {
      if (error instanceof RequestError && error.kind === 'refused') {
        const { failure } = error;
        this._outage = null;
        this._current = failure.code === 'sidecar_unavailable' ? { state: 'stopped' } : { state: 'broken', failure };
        if (this.running && failure.code === 'sidecar_unavailable') {
          const { record } = this.running;
          this._hear({ record: { ...record, state: 'failed', error: failure }, result: null });
        }
        this._changed.emit();
      }
      this._fail(error);
      throw error;
    }
  }

  private _onEvent(_: Event.IManager, emission: Event.Emission): void {
    // Without a watcher nobody needs it: whoever comes next asks first.
    if (this._watchers === 0 || !isPanelEvent(emission)) {
      return;
    }
    if (emission.type === 'state') {
      void this.refresh();
    } else if (emission.type === 'workspace' && this._isOurs(emission.operation)) {
      this._hear(emission.operation);
      if (emission.operation.record.state !== 'running') {
        void this.refresh();
      }
    }
  }

  /** A sidecar serves every server of its user, and a terminal may name any folder. */
  private _isOurs({ record }: WorkspaceOperation): boolean {
    return (
      this._waiting.has(record.id) || (this._current.state === 'known' && record.workspace === this._current.view.workspace.id)
    );
  }

  private _fail(error: unknown): void {
    if (error instanceof RequestError && error.kind !== 'refused') {
      this._outage = { kind: error.kind, failure: error.failure };
      this._changed.emit();
    }
  }

  private _current: WorkspaceState = { state: 'unknown' };
  private _outage: Outage | null = null;
  private _asOf: Date | null = null;
  private _asking = 0;
  private _asked = 0;
  private _heard = 0;
  private _last: WorkspaceOperation | null = null;
  private _watchers = 0;
  private readonly _ended = new Map<string, WorkspaceOperation>();
  private readonly _waiting = new Map<string, (operation: WorkspaceOperation) => void>();
  private readonly _poll: Poll<void>;
  private readonly _changed = new Signal<IWorkspaceModel, void>(this);
}
