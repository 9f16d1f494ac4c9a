// As a namespace: an older Node lacks the function, and is told so instead of failing to link.
import * as threads from 'node:worker_threads';
import type { FileHandle } from 'node:fs/promises';
import type { Detection, ErrorBody, WireTensor } from '../protocol';
import type {
  DetectOutcome,
  DetectRequest,
  Frame,
  NoiseOptions,
  NoiseOutcome,
  ReconstructOptions,
  SweepOutcome,
  SweepRequest,
  TailAnswer
} from './compute';
import type { ObfuscatedTensor } from './activation';
import type { Arriving, Departed, Facts } from './departure';
import type { Look } from './look-signature';
import { toPixels } from './raster';
import type { Provider } from './session';

/** A worker sees its own runs only: the process that owns the workers counts the looks of all of them. */
export type Looked<Outcome> = Outcome & { look?: Look };

/** What a compute worker can be asked to do, and what it answers. */
export interface Tasks {
  detect: { input: { request: DetectRequest; notices: string[] }; output: Looked<DetectOutcome> };
  depart: { input: { request: DetectRequest; notices: string[] }; output: Looked<Departed> };
  arrive: { input: { arriving: Arriving }; output: DetectOutcome };
  sweep: { input: { request: SweepRequest; notices: string[] }; output: Omit<SweepOutcome, 'looks'> & { seen: Look[] } };
  head: { input: { model?: string; frame: Frame }; output: WireTensor };
  noise: {
    input: { options: NoiseOptions; activation: WireTensor };
    output: Looked<NoiseOutcome & { activation: ObfuscatedTensor }> & { facts: Facts };
  };
  tail: { input: { model?: string; alpha?: number; activation: WireTensor }; output: TailAnswer };
  reconstruct: { input: { options: ReconstructOptions; activation: WireTensor }; output: WireTensor };
  postprocess: {
    input: { model?: string; heads: TailAnswer; width: number; height: number; threshold: number };
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
  /** First of all: the key of the noise, 32 bytes. It stays in memory: not in an environment, not in a log. */
  | { type: 'key'; key: Uint8Array }
  /** `cancelled`: one int32 in shared memory, set to 1 to cancel; a process, which shares none, is sent `cancel` instead. */
  | { type: 'run'; id: number; task: Task; cancelled?: SharedArrayBuffer }
  | { type: 'cancel'; id: number };

export type FromWorker = { type: 'done'; id: number; output: unknown } | { type: 'failed'; id: number; error: ErrorBody };

/** The environment variable in which a worker process finds its WorkerSetup as JSON. */
export const SETUP_VARIABLE = 'VEILBOOK_WORKER_SETUP';

/** The frame of a task, if its pixels are in a file that is shared. */
export function sharedFrameOf(task: Task): Extract<Frame, { kind: 'shared' }> | undefined {
  const frame = 'request' in task ? task.request.frame : task.kind === 'head' ? task.frame : undefined;
  return frame?.kind === 'shared' ? frame : undefined;
}

/**
 * A message as another process can take it: descriptors mean nothing there, so a shared frame is read into memory.
 * @throws VeilError `bad_image` when it ends too early
 */
export function packForProcess(message: ToWorker): ToWorker {
  const shared = message.type === 'run' && sharedFrameOf(message.task);
  if (!shared) {
    return message;
  }
  const frame = toPixels(shared);
  const { task } = message;
  return {
    ...message,
    task: ('request' in task ? { ...task, request: { ...task.request, frame } } : { ...task, frame }) as Task
  };
}

/**
 * Find the arrays and files of a message so that they can be moved to another thread instead of being copied.
 * A view that does not fill its buffer is cut out first: cloning a view clones the whole buffer under it.
 * Returns the message to send and its transfer list. Views of shared memory go as they are.
 */
export function packForThread<T>(message: T): { message: T; transfer: (ArrayBuffer | FileHandle)[] } {
  const transfer = new Set<ArrayBuffer | FileHandle>();
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
    if (isFile(value)) {
      transfer.add(value);
      return value;
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, pack(inner)]));
  };
  return { message: pack(message) as T, transfer: [...transfer] };
}

/** Node does not export the class. */
function isFile(value: object): value is FileHandle {
  return 'fd' in value && typeof value.fd === 'number';
}
