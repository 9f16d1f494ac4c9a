import { VeilError } from '../protocol';
import { startProcess, startThread, type WorkerHandle } from './pool-worker';
import type { FromWorker, Task, TaskKind, Tasks, WorkerSetup } from './worker-messages';

/** A place for one worker. The worker is started by the first job that needs the place, and again after it died. */
export interface SlotSpec extends WorkerSetup {
  transport: 'thread' | 'process';
}

interface Slot {
  spec: SlotSpec;
  worker: WorkerHandle | null;
  job: Job | null;
  finished: number;
}

interface Job {
  id: number;
  task: Task;
  /** What it works on, for messages. */
  subject: string;
  devices: readonly string[];
  queued: number;
  /** Set when it is given to a slot: how long it waited, milliseconds. */
  waited: number;
  flag: Int32Array | null;
  settle(error: VeilError | null, output?: unknown): void;
  /** Resolves once `settle` was called. */
  settled: Promise<void>;
}

/** A GPU that cannot be used at all, as opposed to a run that failed on it. `message` is the reason. */
export class DeviceFailure extends VeilError {
  constructor(
    readonly device: string,
    reason: string
  ) {
    super('device_unavailable', reason, 'Use --device cpu.');
  }
}

export interface PoolOptions {
  /** Jobs that may wait; one more is refused as `busy`. */
  maxQueue?: number;
  /** How long a cancelled job may take to reach its next stage before its worker is ended, milliseconds. */
  graceMs?: number;
  /** Handed to every worker in memory, so that one picture has one noise whoever runs it; without it each makes its own. */
  noiseKey?: Uint8Array;
  log?: (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void;
}

/**
 * Spreads jobs over workers. A job names the devices that may run it and goes to an idle worker of one of them,
 * a running worker before a place without one; when all are busy it waits, first come, first served.
 */
export class WorkerPool {
  private readonly slots: Slot[] = [];
  private queue: Job[] = [];
  private nextId = 1;
  private closed = false;

  constructor(private readonly options: PoolOptions = {}) {}

  /** Make place for a worker. */
  add(spec: SlotSpec): void {
    this.slots.push({ spec, worker: null, job: null, finished: 0 });
  }

  has(device: string): boolean {
    return this.slots.some(slot => slot.spec.device === device);
  }

  /** What each place does now; `pid` is null for a thread and for a place whose worker is not started. */
  workers(): { device: string; pid: number | null; busy: boolean; finished: number }[] {
    return this.slots.map(({ spec, worker, job, finished }) => ({
      device: spec.device,
      pid: worker?.pid ?? null,
      busy: job !== null,
      finished
    }));
  }

  /**
   * Run a task on one of `devices`. Rejects with the worker's own VeilError, `cancelled` when `signal` aborts,
   * `worker_died`, `busy` when too many wait. Frame pixels that fill their buffer and files are moved, not copied.
   */
  run<K extends TaskKind>(
    task: Task<K>,
    devices: readonly string[],
    subject: string,
    signal?: AbortSignal
  ): Promise<{ output: Tasks[K]['output']; device: string; waited: number }> {
    return new Promise((resolve, reject) => {
      const dropped = () =>
        new VeilError('cancelled', `The run of ${subject} was cancelled before it started. Nothing was run.`, '');
      if (this.closed || signal?.aborted) {
        reject(dropped());
        return;
      }
      const waiting = this.options.maxQueue ?? 64;
      if (this.queue.length >= waiting) {
        const message = `${waiting} frames are waiting for a worker already; ${subject} was not taken.`;
        reject(new VeilError('busy', message, 'Send the next one when a result has come.'));
        return;
      }
      let markSettled = () => {};
      const settled = new Promise<void>(mark => (markSettled = mark));
      const job: Job = {
        id: this.nextId++,
        task: task as Task,
        subject,
        devices,
        queued: performance.now(),
        waited: 0,
        flag: null,
        settled,
        settle: (error, output) => {
          markSettled();
          signal?.removeEventListener('abort', onAbort);
          if (error) {
            reject(error);
          } else {
            resolve({ output: output as Tasks[K]['output'], device: this.slotOf(job)!.spec.device, waited: job.waited });
          }
        }
      };
      const onAbort = () => this.cancel(job, dropped());
      signal?.addEventListener('abort', onAbort, { once: true });
      this.queue.push(job);
      this.dispatch();
    });
  }

  /** Drops what waits, stops what runs at its next stage, and ends every worker. */
  async close(): Promise<void> {
    this.closed = true;
    for (const job of this.queue.splice(0)) {
      job.settle(new VeilError('cancelled', `The workers were closed before ${job.subject} was run. Nothing was run.`, ''));
    }
    const running = this.slots.flatMap(({ job }) => job ?? []);
    running.forEach(job => this.stop(job));
    await Promise.all(running.map(({ settled }) => settled));
    this.slots.forEach(slot => this.release(slot));
  }

  private slotOf(job: Job): Slot | undefined {
    return this.slots.find(slot => slot.job === job);
  }

  private dispatch(): void {
    const rank = (slot: Slot) => (slot.worker ? 0 : 1e12) + slot.finished;
    for (const job of [...this.queue]) {
      const idle = this.slots.filter(slot => slot.job === null && job.devices.includes(slot.spec.device));
      if (idle.length > 0) {
        this.queue = this.queue.filter(other => other !== job);
        this.start(
          job,
          idle.reduce((best, slot) => (rank(slot) < rank(best) ? slot : best))
        );
      }
    }
  }

  private start(job: Job, slot: Slot): void {
    slot.job = job;
    job.waited = performance.now() - job.queued;
    slot.worker ??= this.startWorker(slot);
    const cancelled = slot.spec.transport === 'thread' ? new SharedArrayBuffer(4) : undefined;
    job.flag = cancelled ? new Int32Array(cancelled) : null;
    try {
      slot.worker.send({ type: 'run', id: job.id, task: job.task, ...(cancelled && { cancelled }) });
    } catch (thrown) {
      this.finish(slot, job, VeilError.from(thrown));
    }
  }

  private startWorker(slot: Slot): WorkerHandle {
    const { transport, ...setup } = slot.spec;
    const worker: WorkerHandle = (transport === 'thread' ? startThread : startProcess)(setup, {
      message: answer => slot.worker === worker && this.answered(slot, answer),
      ended: cause => slot.worker === worker && this.died(slot, cause)
    });
    if (this.options.noiseKey) {
      // A copy: arrays are moved to a thread.
      worker.send({ type: 'key', key: Uint8Array.from(this.options.noiseKey) });
    }
    this.options.log?.('info', 'compute worker started', { device: setup.device, transport, pid: worker.pid });
    return worker;
  }

  private answered(slot: Slot, answer: FromWorker): void {
    if (slot.job?.id !== answer.id) {
      return;
    }
    if (answer.type === 'done') {
      this.finish(slot, slot.job, null, answer.output);
    } else {
      const error = VeilError.fromBody(answer.error);
      const unusable = error.code === 'device_unavailable';
      this.finish(slot, slot.job, unusable ? new DeviceFailure(slot.spec.device, error.message) : error);
    }
  }

  private finish(slot: Slot, job: Job, error: VeilError | null, output?: unknown): void {
    slot.finished += 1;
    job.settle(error, output);
    slot.job = null;
    this.dispatch();
  }

  private died(slot: Slot, cause: string): void {
    const { device, provider } = slot.spec;
    slot.worker = null;
    this.options.log?.('error', 'compute worker died', { device, cause });
    if (!slot.job) {
      return;
    }
    if (provider.kind !== 'cpu' && slot.finished === 0) {
      // It never worked: the driver or the provider's libraries took the process down.
      this.finish(slot, slot.job, new DeviceFailure(device, `its process ended (${cause}) before a first result.`));
      return;
    }
    const message = `The compute worker for ${device} ended (${cause}) while it ran ${slot.job.subject}; that run has no result.`;
    const remedy = 'Run it again, a new worker is started; if memory ran out, use smaller frames or fewer workers.';
    this.finish(slot, slot.job, new VeilError('worker_died', message, remedy));
  }

  private cancel(job: Job, dropped: VeilError): void {
    if (this.queue.includes(job)) {
      this.queue = this.queue.filter(other => other !== job);
      job.settle(dropped);
      return;
    }
    this.stop(job);
  }

  /** Tell the worker of a running job to stop, and end that worker if it does not come to its next stage in time. */
  private stop(job: Job): void {
    const slot = this.slotOf(job);
    if (!slot) {
      return;
    }
    if (job.flag) {
      Atomics.store(job.flag, 0, 1);
    } else {
      slot.worker?.send({ type: 'cancel', id: job.id });
    }
    const timer = setTimeout(() => slot.job === job && this.abandon(slot, job), this.options.graceMs ?? 5000);
    void job.settled.then(() => clearTimeout(timer));
  }

  private abandon(slot: Slot, job: Job): void {
    this.options.log?.('warn', 'compute worker ended after a cancelled run did not stop', { device: slot.spec.device });
    this.release(slot);
    slot.job = null;
    job.settle(new VeilError('cancelled', `The run of ${job.subject} was cancelled and its worker was ended.`, ''));
    this.dispatch();
  }

  private release(slot: Slot): void {
    const { worker } = slot;
    slot.worker = null;
    worker?.kill();
  }
}
