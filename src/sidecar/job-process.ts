import { FormatRegistry, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ErrorBody } from '../protocol';

// Without this every document with a date would count as none.
FormatRegistry.Set('date-time', text => !Number.isNaN(Date.parse(text)));

/** How long a job may take to put its work down before it is ended. */
const GRACE_MS = 5000;

/** What the process of a job tells: any number of `progress`, then one of the others. */
export type JobMessage<Progress, Report> =
  { type: 'progress'; progress: Progress } | { type: 'report'; report: Report } | { type: 'error'; error: ErrorBody['error'] };

export interface JobEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface JobListener<Progress, Report> {
  /** Every message in its order. */
  message(message: JobMessage<Progress, Report>): void;
  /** What it wrote for a person, and what native libraries wrote. */
  line(text: string): void;
  end(end: JobEnd): void;
}

/** The program and its first arguments that do a job; what is asked for follows as options of that command. */
export function jobCommand(...command: ['learn' | 'audit'] | []): string[] {
  const beside = join(__dirname, 'cli.mjs');
  const cli = existsSync(beside) ? beside : join(__dirname, '..', '..', 'veilbook', 'node', 'cli.mjs');
  return [process.execPath, cli, ...command];
}

/**
 * A job as a child process: it can neither take the sidecar's memory with it nor its turn on the processor. When the
 * sidecar ends, however it does, the channel between them closes and the child ends too.
 */
export class JobProcess<Progress, Report> {
  private readonly child: ChildProcess;
  private killer: NodeJS.Timeout | undefined;

  /** @param schema of `JobMessage` with this progress and report */
  constructor(
    [program, ...first]: readonly string[],
    options: readonly string[],
    schema: TSchema,
    listener: JobListener<Progress, Report>
  ) {
    this.child = spawn(program, [...first, ...options, '--as-job'], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      cwd: '/'
    });
    yieldTo(this.child.pid);
    this.child.on('message', message => {
      if (Value.Check(schema, message)) {
        listener.message(message as JobMessage<Progress, Report>);
      } else {
        listener.line('it sent a message that is none');
      }
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream! }).on('line', line => listener.line(line));
    }
    this.child.once('error', error => listener.line(error.message));
    // Comes after the last message and the last line, also for a program that could not be started.
    this.child.once('close', (code, signal) => {
      clearTimeout(this.killer);
      listener.end({ code, signal });
    });
  }

  /** Ask it to stop, and end it when it does not; `end` is heard in either case. A second call changes nothing. */
  stop(): void {
    if (!this.killer) {
      this.killer = setTimeout(() => this.child.kill('SIGKILL'), GRACE_MS);
      this.child.kill('SIGINT');
    }
  }
}

/** Options of a command for what is given. Joined by "=", so that no value is taken for an option. */
export function optionsOf(given: Record<string, string | number | readonly number[] | readonly string[] | undefined>): string[] {
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${[value].join()}`]));
}

/** Inference goes first on the processor, and when memory runs out the job is what the system ends. */
function yieldTo(pid: number | undefined): void {
  if (pid === undefined) {
    return;
  }
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
  } catch {
    // It has ended already, or this system has no such file: neither keeps it from working.
  }
}
