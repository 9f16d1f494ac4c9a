import { Value } from '@sinclair/typebox/value';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LearnMessage, type LearnJobRequest } from '../protocol';

/** How long a pass may take to put its work down before it is ended. */
const GRACE_MS = 5000;

export interface LearnEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface LearnListener {
  /** Every message in its order. */
  message(message: LearnMessage): void;
  /** What it wrote for a person, and what native libraries wrote. */
  line(text: string): void;
  end(end: LearnEnd): void;
}

/** The program and its first arguments that learn; what is asked for follows as options of `veilbook learn`. */
export function learnCommand(): string[] {
  const beside = join(__dirname, 'cli.mjs');
  const cli = existsSync(beside) ? beside : join(__dirname, '..', '..', 'veilbook', 'node', 'cli.mjs');
  return [process.execPath, cli, 'learn'];
}

/**
 * A learning pass as a child process: it can neither take the sidecar's memory with it nor its turn on the processor.
 * When the sidecar ends, however it does, the channel between them closes and the child ends too.
 */
export class LearnProcess {
  private readonly child: ChildProcess;
  private killer: NodeJS.Timeout | undefined;

  constructor([program, ...first]: readonly string[], request: LearnJobRequest, listener: LearnListener) {
    this.child = spawn(program, [...first, ...argumentsOf(request), '--as-job'], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      cwd: '/'
    });
    yieldTo(this.child.pid);
    this.child.on('message', message => {
      if (Value.Check(LearnMessage, message)) {
        listener.message(message);
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

function argumentsOf({ alphas, install, ...options }: LearnJobRequest): string[] {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return [
    // Joined by "=", so that no value is taken for an option.
    ...given.map(([name, value]) => `--${name}=${value}`),
    ...(alphas ? [`--alphas=${alphas.join()}`] : []),
    ...(install ? ['--install'] : [])
  ];
}

/** Inference goes first on the processor, and when memory runs out the learning is what the system ends. */
function yieldTo(pid: number | undefined): void {
  if (pid === undefined) {
    return;
  }
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
  } catch {
    // It has ended already, or this system has no such file: neither keeps it from learning.
  }
}
