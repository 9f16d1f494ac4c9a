import { join } from 'node:path';
import { assemble, type Picture } from '../../evaluation';
import { readOnnxFile, type OnnxModel } from '../../models/onnx';
import { model as makeModel, node, port, withGraph } from '../../models/onnx/build';
import { raiseOpset } from '../../models/onnx/opset';
import { floatTensor, integerTensor } from '../../models/onnx/tensors';
import { spectralMap } from '../../models/spectral-map';
import { LearningSession } from '../../learning/session';
import { SpectraSum } from '../../learning/spectra';
import { trace } from '../../numerics/matrix';
import { combine, identity, type Matrix } from '../../numerics/symmetric';
import { type Scene } from '../scene';

/** Own images that say what a coarse picture does not explain. */
const EXPLAINING = 48;

/**
 * Spectrum of what a coarse picture does not say about the activation. The fewer frequencies a bin holds the less is known
 * of it, and the more it is drawn to the same in every direction.
 */
export async function unexplainedBy(scene: Scene): Promise<Matrix[]> {
  const { statistics, device, own, obfuscation } = scene;
  const { channels, bins } = statistics.spectra;
  const [, height, width] = statistics.field.shape;
  const { model, activation } = await fromPicture(scene);
  const head = await LearningSession.open(model, device);
  const sum = await SpectraSum.open(statistics.field.shape, 0, false, device, obfuscation.document.ring_ends);
  const samples = own.slice(0, EXPLAINING);
  for (const sample of samples) {
    const picture = { data: planar(assemble(sample.target, { height, width })), dims: [1, 3, 4 * height, 4 * width] };
    const made = (await head.run({ picture }))[activation].data;
    await sum.add(sample.activation.map((value, i) => value - made[i]));
  }
  await head.release();
  const { aa } = await sum.finish();
  return aa.map((matrix, bin) => {
    const drawn = channels / (channels + samples.length * bins.counts[bin]);
    return combine(1 - drawn, matrix, (drawn * trace(matrix, channels)) / channels, identity(channels));
  });
}

/** The head behind a `picture` [1,3,h,w], red, green, blue in 0…1, spread to the network's input by linear interpolation. */
async function fromPicture({ model: { dir, manifest }, statistics }: Scene): Promise<{ model: OnnxModel; activation: string }> {
  const { head, input } = manifest;
  const [, height, width] = statistics.field.shape;
  const graph = raiseOpset(await readOnnxFile(join(dir, head.file)));
  const order = input.channel_order === 'bgr' ? [2, 1, 0] : [0, 1, 2];
  const before = [
    node('MatMul', ['coarse rows', 'picture'], ['coarse tall']),
    node('MatMul', ['coarse tall', 'coarse columns'], ['coarse whole']),
    node('Mul', ['coarse whole', 'coarse white'], ['coarse grey']),
    node('Gather', ['coarse grey', 'coarse order'], ['coarse planes'], { axis: 1 }),
    node('Sub', ['coarse planes', 'coarse mean'], [head.input.name])
  ];
  const constants = [
    floatTensor('coarse rows', [input.height, 4 * height], interpolation(input.height, 4 * height)),
    floatTensor(
      'coarse columns',
      [4 * width, input.width],
      transposed(interpolation(input.width, 4 * width), input.width, 4 * width)
    ),
    floatTensor('coarse white', [], Float32Array.of(255)),
    integerTensor('coarse order', order),
    floatTensor('coarse mean', [1, 3, 1, 1], Float32Array.from(input.mean))
  ];
  const activation = head.activation.name;
  const whole = withGraph(graph, {
    node: [...before, ...graph.graph.node],
    initializer: [...constants, ...graph.graph.initializer],
    input: [port('picture', [1, 3, 4 * height, 4 * width])],
    output: [port(activation, [1, ...statistics.field.shape])],
    valueInfo: []
  });
  return { model: whole, activation };
}

/** From `picture` to `whitened`: the head's activation by these matrices of each bin. */
export async function headAndWhitening(scene: Scene, W: readonly Matrix[]): Promise<OnnxModel> {
  const { model, activation } = await fromPicture(scene);
  const { field } = scene.statistics;
  const { nodes, initialisers } = spectralMap('whitening', activation, 'whitened', field, W);
  return withGraph(model, {
    node: [...model.graph.node, ...nodes],
    initializer: [...model.graph.initializer, ...initialisers],
    output: [port('whitened', [1, ...field.shape])]
  });
}

/** The same map of an `activation`. */
export function whiteningAlone({ statistics: { field } }: Scene, W: readonly Matrix[]): OnnxModel {
  const { nodes, initialisers } = spectralMap('whitening', 'activation', 'whitened', field, W);
  const shape = [1, ...field.shape];
  return makeModel({
    name: 'whitening',
    nodes,
    initialisers,
    inputs: [port('activation', shape)],
    outputs: [port('whitened', shape)]
  });
}

/** [n, m] that spreads m values to n by linear interpolation between the middles of their cells. */
function interpolation(n: number, m: number): Float32Array {
  const matrix = new Float32Array(n * m);
  for (let i = 0; i < n; i++) {
    const place = Math.min(Math.max(((i + 0.5) * m) / n - 0.5, 0), m - 1);
    const below = Math.min(Math.floor(place), Math.max(m - 2, 0));
    matrix[i * m + below] += 1 - (place - below);
    matrix[i * m + Math.min(below + 1, m - 1)] += place - below;
  }
  return matrix;
}

function transposed(A: Float32Array, n: number, m: number): Float32Array {
  return A.map((_, i) => A[(i % n) * m + Math.floor(i / n)]);
}

/** Three planes of a picture, one after another. */
export function planar({ rgb }: Picture): Float32Array {
  const plane = rgb.length / 3;
  return rgb.map((_, i) => rgb[3 * (i % plane) + Math.floor(i / plane)]);
}

/** The inverse of `planar`. */
export function interleaved(planes: Float32Array, width: number, height: number): Picture {
  const plane = width * height;
  return { width, height, rgb: planes.map((_, i) => planes[(i % 3) * plane + Math.floor(i / 3)]) };
}
