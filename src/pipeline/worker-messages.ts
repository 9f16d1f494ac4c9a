// As a namespace: an older Node lacks the function, and is told so instead of failing to link.
import * as threads from 'node:worker_threads';
import type { Detection, ErrorBody, WireTensor } from '../protocol';
import type { DetectOutcome, DetectRequest, Frame, NoiseOptions, NoiseOutcome } from './compute';
import type { Provider } from './session';

/** What a compute worker can be asked to do, and what it answers. */
export interface Tasks {
  detect: { input: { request: DetectRequest; notices: string[] }; output: DetectOutcome };
  head: { input: { model?: string; frame: Frame }; output: WireTensor };
  noise: { input: { options: NoiseOptions; activation: WireTensor }; output: NoiseOutcome };
  tail: { input: { model?: string; activation: WireTensor }; output: { loc: WireTensor; conf: WireTensor } };
  postprocess: {
    input: { model?: string; heads: { loc: WireTensor; conf: WireTensor }; width: number; height: number; threshold: number };
    output: Detection[];
  };
}
export type TaskKind = keyof Tasks;
export type Task<K extends TaskKind = TaskKind> = { [T in K]: { kind: T } & Tasks[T]['input'] }[K];

/** How a worker is set up, once; it never changes its device. */
export interface WorkerSetup {
  /** The name that results carry. */
  device: string;
  provider: Provider;
  threads: number;
}

/** A worker runs one job at a time. */
export type ToWorker =
  /** `cancelled`: one int32 in shared memory, set to 1 to cancel; a process, which shares none, is sent `cancel` instead. */
  { type: 'run'; id: number; task: Task; cancelled?: SharedArrayBuffer } | { type: 'cancel'; id: number };

export type FromWorker = { type: 'done'; id: number; output: unknown } | { type: 'failed'; id: number; error: ErrorBody };

/** The environment variable in which a worker process finds its WorkerSetup as JSON. */
export const SETUP_VARIABLE = 'VEILBOOK_WORKER_SETUP';

/**
 * Find the arrays of a message so that they can be moved to another thread instead of being copied.
 * A view that does not fill its buffer is cut out first: cloning a view clones the whole buffer under it.
 * Returns the message to send and its transfer list. Views of shared memory go as they are.
 */
export function packForThread<T>(message: T): { message: T; transfer: ArrayBuffer[] } {
  const transfer = new Set<ArrayBuffer>();
  const pack = (value: unknown): unknown => {
    if (value instanceof Uint8Array || value instanceof Float32Array) {
      if (!(value.buffer instanceof ArrayBuffer)) {
        return value;
      }
      // Buffers that a native module owns (a coded picture of sharp's) cannot be moved.
      const whole = value.byteLength === value.buffer.byteLength && !threads.isMarkedAsUntransferable(value.buffer);
      // Not value.slice(): a Node Buffer's slice is another view.
      const movable = whole ? value : value instanceof Float32Array ? new Float32Array(value) : new Uint8Array(value);
      transfer.add(movable.buffer as ArrayBuffer);
      return movable;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof SharedArrayBuffer) {
      return value;
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, pack(inner)]));
  };
  return { message: pack(message) as T, transfer: [...transfer] };
}
