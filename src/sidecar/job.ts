import { randomUUID } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { TSchema } from '@sinclair/typebox';
import type { Logger } from 'pino';
import { VeilError, type ErrorBody, type JobState } from '../protocol';
import { JobProcess, type JobEnd, type JobMessage } from './job-process';

/** At most four progress events a second; what is in between is in the next one. */
const EVENT_MS = 250;
const LINE_LENGTH = 500;

/** What a job is told of. */
export interface JobDocument<Request, Progress, Report> {
  job: string;
  state: JobState;
  request: Request;
  started: string;
  ended: string | null;
  progress: Progress | null;
  report: Report | null;
  error: ErrorBody['error'] | null;
}

/** A kind of job. */
export interface JobKind<Request, Progress, Report> {
  /** As in "an audit"; without the article in `short`. */
  name: string;
  short: string;
  /** Where it is asked for. */
  route: string;
  /** `JobMessage` with its own progress and report. */
  message: TSchema;
  /** Options of its command. */
  argumentsOf(request: Request): string[];
  /** What of a request are paths. */
  paths(request: Request): readonly string[];
  /** What it works on, for a person. */
  subject(request: Request): string;
  publish(job: JobDocument<Request, Progress, Report>): void;
}

/** Jobs take the processor for minutes: one of them runs at a time, of whatever kind. */
export class JobSlot {
  private holder: { readonly running: boolean; readonly words: string } | null = null;

  get running(): boolean {
    return this.holder?.running ?? false;
  }

  /** @throws VeilError `busy` while another job runs */
  take(job: { readonly running: boolean; readonly words: string }): void {
    if (this.holder?.running) {
      throw new VeilError(
        'busy',
        `${this.holder.words}. Nothing was started.`,
        'Wait for its end, or cancel it: it goes on later where it stopped.'
      );
    }
    this.holder = job;
  }
}

/** The jobs of one kind, one after another: started, told of, cancelled. */
export class Job<Request, Progress, Report> {
  private job: JobDocument<Request, Progress, Report> | null = null;
  private process: JobProcess<Progress, Report> | null = null;
  private closed: () => void = () => {};
  private lastLine = '';
  private published = -Infinity;
  private pending: NodeJS.Timeout | undefined;

  /** @param command the program and its first arguments */
  constructor(
    private readonly kind: JobKind<Request, Progress, Report>,
    private readonly command: readonly string[],
    private readonly slot: JobSlot,
    private readonly log: Logger
  ) {}

  get running(): boolean {
    return this.process !== null;
  }

  /** The last job, running or over; null before the first. */
  get current(): JobDocument<Request, Progress, Report> | null {
    return this.job;
  }

  /** What is being done, as the beginning of a sentence. */
  get words(): string {
    return this.job ? `${capital(this.kind.name)} ${this.kind.subject(this.job.request)} is ${this.job.state}` : '';
  }

  /**
   * Start a job. The request that is running already is not started again: whoever asks joins it.
   * @throws VeilError `bad_request` for a path that is not absolute, `busy` while another job runs
   */
  start(request: Request): JobDocument<Request, Progress, Report> {
    requireAbsolute(this.kind.paths(request));
    if (this.running && this.job?.state === 'running' && isDeepStrictEqual(this.job.request, request)) {
      return this.job;
    }
    this.slot.take(this);
    this.process = new JobProcess(this.command, this.kind.argumentsOf(request), this.kind.message, {
      message: message => this.hear(message),
      line: line => this.note(line),
      end: end => this.finish(end)
    });
    const started = new Date().toISOString();
    this.job = { job: randomUUID(), state: 'running', request, started, ended: null, progress: null, report: null, error: null };
    this.lastLine = '';
    this.log.info({ job: this.job.job, subject: this.kind.subject(request) }, `${this.kind.short} started`);
    this.publish();
    return this.job;
  }

  /** @throws VeilError `not_found` when nothing runs */
  cancel(): JobDocument<Request, Progress, Report> {
    if (!this.job || !this.process) {
      const { short, route } = this.kind;
      throw new VeilError('not_found', `No ${short} runs. Nothing was cancelled.`, `Ask for its state: GET ${route}.`);
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

  private hear(message: JobMessage<Progress, Report>): void {
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
    this.log.info({ job: this.job?.job, line: this.lastLine }, `${this.kind.short} says`);
  }

  /** What came of it: a report counts only from a process that ended well. */
  private finish(end: JobEnd): void {
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
    this.log.info({ job: this.job!.job, state: this.job!.state, why: this.job!.error?.code, ...end }, `${this.kind.short} ended`);
    this.publish();
    this.closed();
  }

  private died({ code, signal }: JobEnd): ErrorBody['error'] {
    const how = signal
      ? `by ${signal}${signal === 'SIGKILL' ? ', perhaps because memory ran out' : ''}`
      : `with exit code ${code}`;
    const words = this.lastLine ? ` Its last words: ${this.lastLine}` : '';
    return new VeilError(
      'worker_died',
      `The ${this.kind.short} ended ${how}.${words}`,
      'Start it again: it goes on where it stopped.'
    ).toBody().error;
  }

  private change(changes: Partial<JobDocument<Request, Progress, Report>>): void {
    this.job = { ...this.job!, ...changes };
  }

  private publishSoon(): void {
    this.pending ??= setTimeout(() => this.publish(), Math.max(0, this.published + EVENT_MS - performance.now()));
  }

  private publish(): void {
    clearTimeout(this.pending);
    this.pending = undefined;
    this.published = performance.now();
    this.kind.publish(this.job!);
  }
}

function requireAbsolute(paths: readonly string[]): void {
  const relative = paths.find(path => !isAbsolute(path));
  if (relative !== undefined) {
    throw new VeilError(
      'bad_request',
      `${relative} is no absolute path, and the sidecar has another working directory. Nothing was started.`,
      'Give the whole path.'
    );
  }
}

/** A model's path; a registered name is none. */
export function modelPaths(model: string | undefined): string[] {
  return model === undefined || /^[a-z0-9][a-z0-9._-]*$/.test(model) ? [] : [model];
}

function capital(words: string): string {
  return words[0].toUpperCase() + words.slice(1);
}
