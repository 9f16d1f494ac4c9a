import { hostname } from 'node:os';
import { unlink } from 'node:fs/promises';
import {
  VeilError,
  type OperationKind,
  type OperationPhase,
  type OperationProgress,
  type OperationRecord,
  type RecoveredOperation
} from '../../protocol';
import { type Operation } from '../operation';
import { writeWhole } from './disk';
import { fileError } from './failures';
import { newId } from './ids';
import { lock } from './lock';
import { type Store } from './store';

const EVENT_MS = 100;
const KEPT_RECORDS = 20;
/** Phases in which something lies in the workspace that the next life must know of, also after a power cut. */
const DURABLE: readonly OperationPhase[] = ['copying', 'committing'];

/** What a piece of work knows of the operation that it is. */
export interface Run {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly committed: boolean;
  /** The next phase, with what the record should say from now on. On disk when it resolves. */
  phase(phase: OperationPhase, change?: Partial<Pick<OperationRecord, 'snapshot' | 'safety' | 'target'>>): Promise<void>;
  /** As `phase`, and from here on it cannot be cancelled: it finishes, now or in the next life. */
  commit(phase: OperationPhase): Promise<void>;
  progress(done: Partial<Pick<OperationProgress, 'files' | 'files_total' | 'bytes' | 'bytes_total' | 'reason'>>): void;
}

export interface Asked {
  snapshot?: string | null;
  target?: string | null;
  paths?: readonly string[] | null;
}

export interface Circumstances {
  workspace: string;
  open: () => Promise<Store>;
  waitSeconds: number;
  recover: (store: Store) => Promise<RecoveredOperation[]>;
}

/**
 * Do work under the workspace's lock, after whatever a crash left was finished or undone.
 * @param undone what a failure leaves as it was, a sentence
 */
export function start<T>(
  { workspace, open, waitSeconds, recover }: Circumstances,
  kind: OperationKind,
  asked: Asked,
  undone: string,
  work: (run: Run, store: Store) => Promise<T>
): Operation<T> {
  const cancel = new AbortController();
  const listeners = new Set<(progress: OperationProgress) => void>();
  const now = () => new Date().toISOString();
  const id = newId();
  let committed = false;
  let record: OperationRecord = {
    schema: 1,
    id,
    kind,
    workspace,
    state: 'running',
    phase: 'waiting',
    started: now(),
    updated: now(),
    host: hostname(),
    pid: process.pid,
    snapshot: asked.snapshot ?? null,
    safety: null,
    target: asked.target ?? null,
    paths: asked.paths ? [...asked.paths] : null,
    progress: null,
    error: null
  };
  let store!: Store;
  let progress: OperationProgress = blank(id, kind);
  let told = -Infinity;
  const tell = () => {
    told = performance.now();
    listeners.forEach(listener => listener(progress));
  };
  const write = async (change: Partial<OperationRecord>) => {
    record = { ...record, ...change, updated: now(), progress };
    await writeWhole(store.operation(id), JSON.stringify(record, null, 2), DURABLE.includes(record.phase));
  };
  const enter = async (phase: OperationPhase, change: Partial<OperationRecord>) => {
    progress = { ...blank(id, kind), phase };
    await write({ phase, ...change });
    tell();
  };
  const run: Run = {
    id,
    signal: cancel.signal,
    get committed() {
      return committed;
    },
    phase: async (phase, change = {}) => {
      cancel.signal.throwIfAborted();
      await enter(phase, change);
    },
    commit: async phase => {
      cancel.signal.throwIfAborted();
      committed = true;
      await enter(phase, {});
    },
    progress: change => {
      progress = { ...progress, ...change };
      progress.done = shareOf(progress);
      if (performance.now() - told >= EVENT_MS) {
        tell();
      }
    }
  };
  const whole = async (): Promise<T> => {
    store = await open();
    await store.make();
    const release = await lock(store.lockFile, waitSeconds);
    if (!release) {
      throw await busy(store);
    }
    try {
      cancel.signal.throwIfAborted();
      await recover(store);
      await enter('reading', {});
      const result = await work(run, store);
      await enter('finished', { state: 'done' });
      await forgetOld(store);
      return result;
    } catch (thrown) {
      const error = fileError(thrown, undone);
      // Once committed it is for the next life to finish; a full disk may keep even this from being written.
      if (!committed) {
        await write({ state: error.code === 'cancelled' ? 'cancelled' : 'failed', error: error.toBody().error }).catch(
          () => undefined
        );
      }
      throw error;
    } finally {
      await release();
    }
  };
  const result = whole().catch(thrown => {
    throw fileError(thrown, undone);
  });
  // Whoever only watches the record must not end the process by a rejection.
  result.catch(() => undefined);
  return {
    id,
    kind,
    get record() {
      return record;
    },
    result,
    onProgress: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    cancel: () => {
      const can = !committed && record.state === 'running';
      if (can) {
        cancel.abort();
      }
      return can;
    }
  };
}

function blank(operation: string, kind: OperationKind): OperationProgress {
  return {
    operation,
    kind,
    phase: 'waiting',
    done: null,
    files: 0,
    files_total: null,
    bytes: 0,
    bytes_total: null,
    reason: null
  };
}

/** Half by files and half by bytes: many small ones take as long as a large one. */
function shareOf({ files, files_total, bytes, bytes_total }: OperationProgress): number | null {
  const shares = [
    [files, files_total],
    [bytes, bytes_total]
  ].flatMap(([done, all]) => (all ? [Math.min(1, done! / all)] : []));
  return shares.length === 0 ? null : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

async function busy(store: Store): Promise<VeilError> {
  const running = (await store.operations()).find(({ state }) => state === 'running');
  const what = running ? `Operation ${running.kind} of process ${running.pid} on ${running.host}` : 'Another process';
  return new VeilError('busy', `${what} is at work on this workspace. Nothing was done.`, 'Try again when it is over.');
}

async function forgetOld(store: Store): Promise<void> {
  const ended = (await store.operations()).filter(({ state }) => state !== 'running');
  for (const { id } of ended.slice(KEPT_RECORDS)) {
    await unlink(store.operation(id)).catch(() => undefined);
  }
}
