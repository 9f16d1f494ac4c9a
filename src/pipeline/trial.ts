import { join } from 'node:path';
import { type LoadedModel } from '../models';
import { outputsOf } from '../models/manifest';
import { VeilError } from '../protocol';
import { openArena } from './kernels';
import { Preprocessor, preprocessSizes } from './preprocess';
import { Graph, type OutputPort, type Provider } from './session';

const CPU: Provider = { kind: 'cpu', index: 0 };
/** Scores after softmax add up to 1 within this. */
const TOLERANCE = 1e-3;

/**
 * Run both graphs of a model on the processor, on one grey frame.
 * @throws VeilError `model_mismatch` when a graph does not run, or does not answer as described
 */
export async function tryModel({ dir, manifest }: LoadedModel): Promise<void> {
  const { head, tail, input } = manifest;
  const ports = [head.activation, ...outputsOf(manifest)];
  const sizes = ports.map(({ shape }, i) => [`port${i}`, 4 * shape.reduce((product, n) => product * n, 1)] as const);
  const arena = await openArena<string>({ ...preprocessSizes(input), ...Object.fromEntries(sizes) });
  const [activation, ...outputs] = ports.map((port, i): OutputPort => ({ ...port, region: arena.regions[`port${i}`] }));

  new Preprocessor(arena, input).run({
    kind: 'pixels',
    data: new Uint8Array(3 * input.width * input.height).fill(128),
    width: input.width,
    height: input.height,
    order: 'rgb'
  });
  await runOnce(join(dir, head.file), { ...head.input, region: arena.regions.input }, [activation]);
  await runOnce(join(dir, tail.file), activation, outputs);
  if (manifest.task === 'image-classification') {
    requireProbabilities(join(dir, tail.file), outputs[0].region.float32());
  }
}

async function runOnce(path: string, input: OutputPort, outputs: OutputPort[]): Promise<void> {
  const graph = await Graph.open(path, CPU, 1, input, outputs);
  try {
    await graph.run(input.region.float32());
  } finally {
    await graph.release();
  }
  const broken = outputs.find(({ region }) => !region.float32().every(Number.isFinite));
  if (broken) {
    throw unlike(`${path}: ${broken.name} holds a value that is not a number for a grey frame`);
  }
}

function requireProbabilities(path: string, scores: Float32Array): void {
  const sum = scores.reduce((total, score) => total + score, 0);
  if (Math.abs(sum - 1) > TOLERANCE || scores.some(score => score < 0)) {
    throw unlike(`${path}: scores for a grey frame add up to ${sum.toPrecision(4)}, after Softmax they add up to 1`);
  }
}

const unlike = (what: string): VeilError =>
  new VeilError('model_mismatch', `${what}.`, 'Export the graph anew; model.json must describe it.');
