import type { Event } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import type { BatchJob, BatchLog, BatchRequest, BatchSubmitted, BatchView } from '../../protocol';
import { RequestError, type PanelApi } from '../api';
import type { IJobsModel, JobsState, Outage, Pace, RefusedJob } from '../tokens';
import { isPanelEvent } from './events';

/** While a Job is not over. */
const RUNNING_MS = 3000;
const IDLE_MS = 60_000;
/** Where the growing pause between two failing questions ends. */
const LONGEST_PAUSE_MS = 300_000;
/** Of so many that are not over, the newest, the pods are asked how far they are; of others the cluster says which shards are done. */
const LOOKED_AT = 4;

export const isOver = ({ state }: BatchJob): boolean => state === 'complete' || state === 'failed';

export class JobsModel implements IJobsModel {
  /**
   * @param api the server extension
   * @param events Jupyter Events of this server: the sidecar that is asked has come or gone
   */
  constructor(
    private readonly _api: PanelApi,
    private readonly _events: Event.Stream
  ) {
    this._events.connect(this._onEvent, this);
    this._poll = new Poll({
      name: 'veilbook:jobs',
      auto: false,
      factory: () => this._ask(),
      frequency: { interval: IDLE_MS, backoff: true, max: LONGEST_PAUSE_MS },
      standby: () => this._watchers === 0 || 'when-hidden'
    });
    // A failed question is in `outage` or `current`; the tick only has to be heard.
    this._poll.ticked.connect(() => void this._poll.tick.catch(() => undefined));
  }

  get current(): JobsState {
    return this._current;
  }

  get outage(): Outage | null {
    return this._outage;
  }

  get asOf(): Date | null {
    return this._asOf;
  }

  get refused(): RefusedJob | null {
    return this._refused;
  }

  get asking(): boolean {
    return this._asking > 0;
  }

  get changed(): ISignal<IJobsModel, void> {
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

  follow(name: string): IDisposable {
    this._followed.push(name);
    void this.refresh();
    return new DisposableDelegate(() => {
      this._followed.splice(this._followed.indexOf(name), 1);
    });
  }

  view(name: string): BatchView | null {
    return this._views.get(name) ?? null;
  }

  async refresh(): Promise<void> {
    if (this._watchers > 0) {
      // Not by the poll, which leaves out a question while another one is under way: that one's answer may be too old.
      await this._ask().catch(() => undefined);
    }
  }

  async submit(request: BatchRequest): Promise<BatchSubmitted> {
    this._refused = null;
    try {
      const submitted = await this._answered(this._api.submitJob(request));
      await this.refresh();
      // The next question is due by the old, slow pace.
      void (this._watchers > 0 && this._poll.refresh());
      return submitted;
    } catch (error) {
      if (error instanceof RequestError) {
        this._refused = { request, failure: error.failure };
        this._changed.emit();
      }
      throw error;
    }
  }

  dismiss(): void {
    this._refused = null;
    this._changed.emit();
  }

  async remove(name: string): Promise<string[]> {
    const { notes } = await this._answered(this._api.removeJob(name));
    this._views.delete(name);
    await this.refresh();
    return notes;
  }

  logs(name: string): Promise<BatchLog['pods']> {
    return this._api.jobLogs(name);
  }

  private async _answered<T>(answer: Promise<T>): Promise<T> {
    this._asking++;
    this._changed.emit();
    try {
      return await answer;
    } finally {
      this._asking--;
      this._changed.emit();
    }
  }

  private async _ask(): Promise<void> {
    const turn = ++this._asked;
    try {
      const { namespace, jobs } = await this._api.jobs();
      const views = await this._look(jobs);
      if (turn < this._heard) {
        return;
      }
      this._heard = turn;
      this._outage = null;
      this._asOf = new Date();
      this._views = new Map(views.map(view => [view.job.name, view]));
      this._current = { state: 'known', namespace, jobs: jobs.map(job => this._views.get(job.name)?.job ?? job) };
    } catch (error) {
      this._hearFailure(error);
      throw error;
    } finally {
      this._keepPace();
      this._changed.emit();
    }
  }

  /** The Jobs that somebody follows or that are not over, each with what its pods say. */
  private async _look(jobs: readonly BatchJob[]): Promise<BatchView[]> {
    const unfinished = jobs.filter(job => !isOver(job)).slice(0, LOOKED_AT);
    const wanted = jobs.filter(job => unfinished.includes(job) || this._followed.includes(job.name));
    return Promise.all(wanted.map(job => (isOver(job) ? this._lookBack(job) : this._lookAt(job))));
  }

  /** What is over and was found does not change: it is asked for once, also by two questions that overlap. */
  private _lookBack(job: BatchJob): Promise<BatchView> {
    const known = this._views.get(job.name);
    if (known?.result && known.job.created === job.created) {
      return Promise.resolve(known);
    }
    const which = `${job.name} ${job.created}`;
    const looking = this._looksBack.get(which) ?? this._lookAt(job).finally(() => this._looksBack.delete(which));
    this._looksBack.set(which, looking);
    return looking;
  }

  private _lookAt(job: BatchJob): Promise<BatchView> {
    return this._api.job(job.name).catch(() => ({ job, result: null, figures: null }));
  }

  private _hearFailure(error: unknown): void {
    if (!(error instanceof RequestError)) {
      return;
    }
    const { kind, failure } = error;
    const lost = kind === 'refused' && failure.code === 'cluster_unavailable';
    if (kind !== 'refused') {
      this._outage = { kind, failure };
    } else if (lost && this._current.state === 'known' && this._current.jobs.length > 0) {
      this._outage = { kind: 'offline', failure };
    } else {
      this._outage = null;
      const stopped = failure.code === 'sidecar_unavailable';
      this._current = stopped ? { state: 'stopped' } : { state: lost ? 'absent' : 'broken', failure };
    }
  }

  private _onEvent(_: Event.IManager, emission: Event.Emission): void {
    if (isPanelEvent(emission) && emission.type === 'state') {
      void this.refresh();
    }
  }

  private _keepPace(): void {
    const { _current: current } = this;
    const interval = current.state === 'known' && current.jobs.some(job => !isOver(job)) ? RUNNING_MS : IDLE_MS;
    if (!this.isDisposed && this._poll.frequency.interval !== interval) {
      this._poll.frequency = { interval, backoff: true, max: LONGEST_PAUSE_MS };
    }
  }

  private _current: JobsState = { state: 'unknown' };
  private _outage: Outage | null = null;
  private _asOf: Date | null = null;
  private _refused: RefusedJob | null = null;
  private _views = new Map<string, BatchView>();
  private readonly _looksBack = new Map<string, Promise<BatchView>>();
  private _asking = 0;
  private _asked = 0;
  private _heard = 0;
  private _watchers = 0;
  private readonly _followed: string[] = [];
  private readonly _poll: Poll<void>;
  private readonly _changed = new Signal<IJobsModel, void>(this);
}
