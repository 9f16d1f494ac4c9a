import { hostname } from 'node:os';
import {
  VeilError,
  type OperationKind,
  type OperationPhase,
  type OperationProgress,
  type OperationRecord,
  type RecoveredOperation
} from '../protocol';
import { newId } from './ids';
import { type Operation } from './operation';

const EVENT_MS = 100;
const KEPT_RECORDS = 20;

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

/** Where the operations of one workspace are written down, and what keeps two from being at work at once. */
export interface Ledger {
  /** Of the workspace whose records these are. */
  readonly workspace: string;
  /** @returns how to let it go; null when somebody else holds it for longer than one waits */
  lock(): Promise<(() => Promise<void>) | null>;
  /** Finish or undo what a crash left; called with the lock held. */
  recover(): Promise<RecoveredOperation[]>;
  /** It survives this process when the promise resolves. */
  write(record: OperationRecord): Promise<void>;
  /** Newest first. */
  records(): Promise<OperationRecord[]>;
  forget(record: OperationRecord): Promise<void>;
  /** Bring anything thrown to a VeilError that says, in the sentence `undone`, what was left as it was. */
  explain(thrown: unknown, undone: string): VeilError;
}

/**
 * Do work under the workspace's lock, after whatever a crash left was finished or undone.
 * @param find the ledger, once the operation has begun
 * @param undone what a failure leaves as it was, a sentence
 */
export function start<T, L extends Ledger>(
  workspace: string,
  find: () => Promise<L>,
  kind: OperationKind,
  asked: Asked,
  undone: string,
  work: (run: Run, ledger: L) => Promise<T>
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
  let ledger: L | undefined;
  let progress: OperationProgress = blank(id, kind);
  let told = -Infinity;
  const tell = () => {
    told = performance.now();
    listeners.forEach(listener => listener(progress));
  };
  const write = async (change: Partial<OperationRecord>) => {
    record = { ...record, ...change, updated: now(), progress };
    await ledger?.write(record);
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
    const found = await find();
    ledger = found;
    const release = await found.lock();
    if (!release) {
      throw await busy(found);
    }
    try {
      cancel.signal.throwIfAborted();
      await found.recover();
      await enter('reading', {});
      const result = await work(run, found);
      await enter('finished', { state: 'done' });
      await forgetOld(found);
      return result;
    } catch (thrown) {
      const error = found.explain(thrown, undone);
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
    throw ledger === undefined ? VeilError.from(thrown) : ledger.explain(thrown, undone);
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

async function busy(ledger: Ledger): Promise<VeilError> {
  const running = (await ledger.records()).find(({ state }) => state === 'running');
  const what = running ? `Operation ${running.kind} of process ${running.pid} on ${running.host}` : 'Another process';
  return new VeilError('busy', `${what} is at work on this workspace. Nothing was done.`, 'Try again when it is over.');
}

async function forgetOld(ledger: Ledger): Promise<void> {
  const ended = (await ledger.records()).filter(({ state }) => state !== 'running');
  for (const record of ended.slice(KEPT_RECORDS)) {
    await ledger.forget(record);
  }
}
