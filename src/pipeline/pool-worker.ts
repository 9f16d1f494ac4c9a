import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { switchTelemetryOff } from './telemetry-off';
import {
  packForProcess,
  packForThread,
  SETUP_VARIABLE,
  type FromWorker,
  type ToWorker,
  type WorkerSetup
} from './worker-messages';

/** A started worker, thread or process, behind one face. */
export interface WorkerHandle {
  /** Process id; null for a thread. */
  pid: number | null;
  send(message: ToWorker): void;
  /** Ends it: a process at once; a thread when its job has answered, for inside native code it would take the process along. */
  kill(): void;
}

interface WorkerEvents {
  message(message: FromWorker): void;
  /** Called once, with the cause in words; nothing is called after it. */
  ended(cause: string): void;
}

/** The built worker lies beside this file's bundle; sources (under jest) use the one that was built last. */
function workerFile(): string {
  const beside = join(__dirname, 'compute-worker.mjs');
  return existsSync(beside) ? beside : join(__dirname, '..', '..', 'veilbook', 'node', 'compute-worker.mjs');
}

export function startThread(setup: WorkerSetup, events: WorkerEvents): WorkerHandle {
  switchTelemetryOff();
  const worker = new Worker(workerFile(), { workerData: setup, name: `veilbook ${setup.device}` });
  let failure = '';
  let busy = false;
  let retired = false;
  worker.on('message', (message: FromWorker) => {
    busy = false;
    if (retired) {
      void worker.terminate();
    } else {
      events.message(message);
    }
  });
  worker.on('error', error => (failure = String(error)));
  worker.on('exit', code => events.ended(failure || `exit code ${code}`));
  return {
    pid: null,
    send(message) {
      const packed = packForThread(message);
      worker.postMessage(packed.message, packed.transfer);
      busy = true;
    },
    kill() {
      retired = true;
      if (busy) {
        worker.unref();
      } else {
        void worker.terminate();
      }
    }
  };
}

export function startProcess(setup: WorkerSetup, events: WorkerEvents): WorkerHandle {
  switchTelemetryOff();
  const child = fork(workerFile(), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    env: { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', ...process.env, [SETUP_VARIABLE]: JSON.stringify(setup) }
  });
  let lastWords = '';
  let over = false;
  const end = (cause: string) => {
    if (!over) {
      over = true;
      events.ended(cause);
    }
  };
  child.stderr?.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-2000)));
  child.on('message', (message: FromWorker) => !over && events.message(message));
  child.on('error', error => end(error.message));
  child.on('exit', (code, signal) => {
    const words = lastWords.trim().split('\n').at(-1)?.trim();
    end(`${signal ? `killed by ${signal}` : `exit code ${code}`}${words && !signal ? `: ${words}` : ''}`);
  });
  return {
    pid: child.pid ?? null,
    send: message => void child.send(packForProcess(message), error => error && end(error.message)),
    kill: () => void child.kill('SIGKILL')
  };
}
