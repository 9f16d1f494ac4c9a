/**
 * Entry point of a compute worker: a worker thread for the processor, a child process for a GPU (whose memory is
 * given back only when its process ends). It opens each model once, keeps its sessions, and runs one job at a time.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { loadModel, type LoadedModel } from '../models';
import { VeilError } from '../protocol';
import { Detector } from './detector';
import {
  packForThread,
  SETUP_VARIABLE,
  sharedFrameOf,
  type FromWorker,
  type Task,
  type ToWorker,
  type WorkerSetup
} from './worker-messages';

const thread = parentPort;
const setup: WorkerSetup = thread ? (workerData as WorkerSetup) : JSON.parse(process.env[SETUP_VARIABLE] ?? 'null');
let cancelledId = -1;
let noiseKey: Uint8Array | undefined;

interface OpenModel {
  detector: Detector;
  dir: string;
  fingerprint: string;
}
const open = new Map<string, OpenModel>();

/** Sessions are kept, because making and releasing them leaks; files that changed on disk are opened anew. */
async function detectorFor(model: string | undefined): Promise<Detector> {
  const key = model ?? '';
  const known = open.get(key);
  if (known) {
    if (fingerprint(known.dir) === known.fingerprint) {
      return known.detector;
    }
    open.delete(key);
    await known.detector.release();
  }
  const loaded = await loadModel(model);
  const entry = { dir: loaded.dir, fingerprint: fingerprint(loaded.dir), detector: await openDetector(loaded) };
  open.set(key, entry);
  return entry.detector;
}

/** Names, sizes and times of a folder's few files: enough to see that somebody wrote there. */
function fingerprint(dir: string): string {
  try {
    return readdirSync(dir)
      .map(name => [name, statSync(join(dir, name), { throwIfNoEntry: false })] as const)
      .map(([name, entry]) => `${name}:${entry?.size}:${entry?.mtimeMs}`)
      .join();
  } catch {
    return 'unreadable';
  }
}

async function openDetector(loaded: LoadedModel): Promise<Detector> {
  try {
    return await Detector.open(loaded, setup.provider, setup.threads, noiseKey);
  } catch (thrown) {
    if (setup.provider.kind === 'cpu') {
      throw thrown;
    }
    // Whatever a GPU stumbles over, the pool tries the CPU next; if it is the model, the CPU says so.
    throw new VeilError('device_unavailable', VeilError.from(thrown).message, 'Use --device cpu.');
  }
}

async function perform(task: Task, checkpoint: () => void): Promise<unknown> {
  checkpoint();
  switch (task.kind) {
    case 'detect': {
      const detector = await detectorFor(task.request.options.model);
      return detector.detect(task.request, { device: setup.device, notices: task.notices, checkpoint });
    }
    case 'depart': {
      const detector = await detectorFor(task.request.options.model);
      return detector.depart(task.request, { device: setup.device, notices: task.notices, checkpoint });
    }
    case 'arrive': {
      const detector = await detectorFor(task.arriving.request.options.model);
      return detector.arrive(task.arriving, checkpoint);
    }
    case 'sweep': {
      const detector = await detectorFor(task.request.model);
      return detector.sweep(task.request, { device: setup.device, notices: task.notices, checkpoint });
    }
    case 'head':
      return (await detectorFor(task.model)).forwardHead(task.frame, checkpoint);
    case 'noise':
      return (await detectorFor(task.options.model)).forwardNoise(task.activation, task.options);
    case 'tail':
      return (await detectorFor(task.model)).forwardTail(task.activation, task.alpha);
    case 'reconstruct':
      return (await detectorFor(task.options.model)).reconstruct(task.activation, task.options);
    case 'postprocess':
      return (await detectorFor(task.model)).postprocess(task.heads, task);
  }
}

async function run(id: number, task: Task, flag: Int32Array | null): Promise<FromWorker> {
  const checkpoint = () => {
    if (cancelledId === id || (flag && Atomics.load(flag, 0) === 1)) {
      throw new VeilError('cancelled', 'The run was cancelled and its remaining stages were not run.', '');
    }
  };
  try {
    return { type: 'done', id, output: await perform(task, checkpoint) };
  } catch (thrown) {
    return { type: 'failed', id, error: VeilError.from(thrown).toBody() };
  } finally {
    await sharedFrameOf(task)?.file.close();
  }
}

async function receive(message: ToWorker): Promise<FromWorker | null> {
  if (message.type === 'cancel') {
    cancelledId = message.id;
    return null;
  }
  if (message.type === 'key') {
    noiseKey = message.key;
    return null;
  }
  return run(message.id, message.task, message.cancelled ? new Int32Array(message.cancelled) : null);
}

if (thread) {
  thread.on('message', async (message: ToWorker) => {
    const answer = await receive(message);
    if (answer) {
      const packed = packForThread(answer);
      thread.postMessage(packed.message, packed.transfer);
    }
  });
} else {
  process.on('message', async (message: ToWorker) => {
    const answer = await receive(message);
    if (answer) {
      process.send!(answer);
    }
  });
  // The parent decides when work ends; a Ctrl-C in its terminal reaches this process too.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
}
