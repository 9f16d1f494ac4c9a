import type { LoadedModel } from '../models';
import { VeilError, type RunOptions, type WireTensor } from '../protocol';
import type { Frame } from './compute';
import { Detector } from './detector';

/** Scores after softmax add up to 1 within this. */
const TOLERANCE = 1e-3;

/**
 * Run a model on the processor on one grey frame: clean, and at the weakest noise where it has an artefact.
 * @throws VeilError `model_mismatch` or another of `Detector` when it does not run, or does not answer as described
 */
export async function tryModel(model: LoadedModel): Promise<void> {
  const { width, height } = model.manifest.input;
  const data = new Uint8Array(3 * width * height).fill(128);
  const frame: Frame = { kind: 'pixels', data, width, height, order: 'rgb' };
  const context = { device: 'cpu', notices: [], checkpoint: () => undefined };
  const detector = await Detector.open(model, { kind: 'cpu', index: 0 }, 1);
  try {
    const answer = await detector.forwardTail(await detector.forwardHead(frame, context.checkpoint));
    Object.entries(answer).forEach(([name, tensor]) => requireNumbers(`${model.dir}: ${name}`, tensor));
    if (model.manifest.task === 'image-classification') {
      requireProbabilities(model.dir, answer.scores);
    }
    const alpha = model.obfuscation?.document.knots[0].alpha;
    const options: RunOptions = alpha === undefined ? { mode: 'clean' } : { mode: 'noisy', alpha };
    await detector.detect({ image: 'a grey frame', frame, options, pictures: [], activation: false }, context);
  } finally {
    await detector.release();
  }
}

function requireNumbers(what: string, { data }: WireTensor): void {
  if (!data.every(Number.isFinite)) {
    throw unlike(`${what} holds a value that is not a number for a grey frame`);
  }
}

function requireProbabilities(dir: string, { data }: WireTensor): void {
  const sum = (data as Float32Array).reduce((total, score) => total + score, 0);
  if (Math.abs(sum - 1) > TOLERANCE || data.some(score => score < 0)) {
    throw unlike(`${dir}: scores for a grey frame add up to ${sum.toPrecision(4)}, after Softmax they add up to 1`);
  }
}

const unlike = (what: string): VeilError =>
  new VeilError('model_mismatch', `${what}.`, 'Export the graph anew; model.json must describe it.');
