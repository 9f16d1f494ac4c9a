/**
 * Entry point of a compute worker: a worker thread for the processor, a child process for a GPU (whose memory is
 * given back only when its process ends). It opens each model once, keeps its sessions, and runs one job at a time.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { loadModel } from '../models';
import { VeilError } from '../protocol';
import { Detector } from './detector';
import { packForThread, SETUP_VARIABLE, type FromWorker, type Task, type ToWorker, type WorkerSetup } from './worker-messages';

const thread = parentPort;
const setup: WorkerSetup = thread ? (workerData as WorkerSetup) : JSON.parse(process.env[SETUP_VARIABLE] ?? 'null');
const detectors = new Map<string, Promise<Detector>>();
let cancelledId = -1;

function detectorFor(model: string | undefined): Promise<Detector> {
  const key = model ?? '';
  const known = detectors.get(key);
  if (known) {
    return known;
  }
  const opening = openDetector(model);
  detectors.set(key, opening);
  // A failure is not remembered: the folder may be put right and asked for again.
  opening.catch(() => detectors.delete(key));
  return opening;
}

async function openDetector(model: string | undefined): Promise<Detector> {
  const loaded = await loadModel(model);
  try {
    return await Detector.open(loaded, setup.provider, setup.threads);
  } catch (thrown) {
    if (setup.provider.kind === 'cpu' || thrown instanceof VeilError) {
      throw thrown;
    }
    throw new VeilError('device_unavailable', firstLine(thrown), 'Use --device cpu.');
  }
}

/** ONNX Runtime's messages start with the place in its sources and go on for lines; what matters is the first line's end. */
function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text
    .trim()
    .split('\n')[0]
    .replace(/^\/\S+:\d+ .*?(was false|ErrorCode\))[.\s]*/, '');
}

async function perform(task: Task, checkpoint: () => void): Promise<unknown> {
  checkpoint();
  switch (task.kind) {
    case 'detect': {
      const detector = await detectorFor(task.request.options.model);
      return detector.detect(task.request, { device: setup.device, notices: task.notices, checkpoint });
    }
    case 'head':
      return (await detectorFor(task.model)).forwardHead(task.frame, checkpoint);
    case 'noise':
      return (await detectorFor(task.options.model)).forwardNoise(task.activation, task.options);
    case 'tail':
      return (await detectorFor(task.model)).forwardTail(task.activation);
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
  }
}

async function receive(message: ToWorker): Promise<FromWorker | null> {
  if (message.type === 'cancel') {
    cancelledId = message.id;
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
