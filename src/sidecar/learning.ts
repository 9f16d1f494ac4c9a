import { randomUUID } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { VeilError, type ErrorBody, type LearnJob, type LearnJobRequest, type LearnMessage } from '../protocol';
import type { EventBus } from './events';
import { LearnProcess, type LearnEnd } from './learning-process';

/** At most four progress events a second; what is in between is in the next one. */
const EVENT_MS = 250;
const LINE_LENGTH = 500;

/** The one learning job of this sidecar: started, told of, cancelled. */
export class Learning {
  private job: LearnJob | null = null;
  private process: LearnProcess | null = null;
  private closed: () => void = () => {};
  private lastLine = '';
  private published = -Infinity;
  private pending: NodeJS.Timeout | undefined;

  /** @param command the program and its first arguments: `learnCommand()` */
  constructor(
    private readonly command: readonly string[],
    private readonly events: EventBus,
    private readonly log: Logger
  ) {}

  get running(): boolean {
    return this.process !== null;
  }

  /** The last job, running or over; null before the first. */
  get current(): LearnJob | null {
    return this.job;
  }

  /**
   * Start a job. The request that is running already is not started again: whoever asks joins it.
   * @throws VeilError `bad_request` for a path that is not absolute, `busy` while another request runs
   */
  start(request: LearnJobRequest): LearnJob {
    requireAbsolute(request);
    if (this.job && this.running) {
      if (this.job.state === 'running' && isDeepStrictEqual(this.job.request, request)) {
        return this.job;
      }
      throw new VeilError(
        'busy',
        `A learning pass into ${this.job.request.out} is ${this.job.state}. Nothing was started.`,
        'Wait for its end, or cancel it: it goes on later where it stopped.'
      );
    }
    this.process = new LearnProcess(this.command, request, {
      message: message => this.hear(message),
      line: line => this.note(line),
      end: end => this.finish(end)
    });
    const started = new Date().toISOString();
    this.job = { job: randomUUID(), state: 'running', request, started, ended: null, progress: null, report: null, error: null };
    this.lastLine = '';
    this.log.info({ job: this.job.job, out: request.out }, 'learning');
    this.publish();
    return this.job;
  }

  /** @throws VeilError `not_found` when nothing runs */
  cancel(): LearnJob {
    if (!this.job || !this.process) {
      throw new VeilError('not_found', 'No learning pass runs. Nothing was cancelled.', 'Ask for its state: GET /v1/learn.');
    }
    this.change({ state: 'cancelling' });
    this.process.stop();
    this.publish();
    return this.job;
  }

  /** End what runs, and resolve when it has ended: within seconds. */
  async close(): Promise<void> {
    if (this.running) {
      this.cancel();
      await new Promise<void>(settle => (this.closed = settle));
    }
  }

  private hear(message: LearnMessage): void {
    switch (message.type) {
      case 'progress':
        this.change({ progress: message.progress });
        this.publishSoon();
        break;
      case 'report':
        this.change({ report: message.report });
        break;
      case 'error':
        this.change({ error: message.error });
    }
  }

  private note(line: string): void {
    this.lastLine = line.slice(0, LINE_LENGTH);
    this.log.info({ job: this.job?.job, line: this.lastLine }, 'learning says');
  }

  /** What came of it: a report counts only from a process that ended well. */
  private finish(end: LearnEnd): void {
    const { report, error, state } = this.job!;
    this.process = null;
    const ended = new Date().toISOString();
    if (end.code === 0 && report) {
      this.change({ state: 'done', ended, error: null });
    } else if (state === 'cancelling' || error?.code === 'cancelled') {
      this.change({ state: 'cancelled', ended, report: null, error: null });
    } else {
      this.change({ state: 'failed', ended, report: null, error: error ?? this.died(end) });
    }
    this.log.info({ job: this.job!.job, state: this.job!.state, why: this.job!.error?.code, ...end }, 'learning ended');
    this.publish();
    this.closed();
  }

  private died({ code, signal }: LearnEnd): ErrorBody['error'] {
    const how = signal
      ? `by ${signal}${signal === 'SIGKILL' ? ', perhaps because memory ran out' : ''}`
      : `with exit code ${code}`;
    const words = this.lastLine ? ` Its last words: ${this.lastLine}` : '';
    return new VeilError(
      'worker_died',
      `The learning pass ended ${how}.${words}`,
      'Start it again: it goes on where it stopped.'
    ).toBody().error;
  }

  private change(changes: Partial<LearnJob>): void {
    this.job = { ...this.job!, ...changes };
  }

  private publishSoon(): void {
    this.pending ??= setTimeout(() => this.publish(), Math.max(0, this.published + EVENT_MS - performance.now()));
  }

  private publish(): void {
    clearTimeout(this.pending);
    this.pending = undefined;
    this.published = performance.now();
    this.events.publish({ type: 'learn', job: this.job! });
  }
}

function requireAbsolute({ images, out, model }: LearnJobRequest): void {
  const name = /^[a-z0-9][a-z0-9._-]*$/;
  const relative = [images, out, ...(model === undefined || name.test(model) ? [] : [model])].find(path => !isAbsolute(path));
  if (relative !== undefined) {
    throw new VeilError(
      'bad_request',
      `${relative} is no absolute path, and the sidecar has another working directory. Nothing was started.`,
      'Give the whole path.'
    );
  }
}
