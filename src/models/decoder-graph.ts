import { trace } from '../numerics/matrix';
import { type Matrix } from '../numerics/symmetric';
import { type Weights } from './artefact-content';
import { convolution, initialWeights, tensorsOf, type Layer, type Piece } from './layers';
import { type OnnxModel } from './onnx';
import { model, node, port } from './onnx/build';
import { floatTensor, integerTensor } from './onnx/tensors';
import { spectralMap, type SpectralField } from './spectral-map';

const NETWORK = 'decoder';
/** Of the residual blocks behind the first layer: their 3x3 kernels reach 7 cells to each side together. */
const DILATIONS = [1, 2, 4];

/**
 * The trainable part of the adaptive decoder alone, with weights to begin training with; at first it is the linear
 * attacker. A 1x1 layer to `width` channels, three residual 3x3 blocks with dilations 1, 2, 4, and a 1x1 layer to the
 * targets, added to the linear estimate. Weights are the initialisers `decoder.0…4.weight` and `.bias`.
 * Inputs, as `decoderFront` makes them: `activation` [N,C,H,W], the filtered one; `linear` [N,T,H,W], the linear
 * attacker's estimate in 0…1; `level` [N,1,H,W], `noiseLevel` at every position. Output: `estimate` [N,T,H,W] in 0…1.
 * @param uniform gives numbers evenly from 0…1
 */
export function decoderBody(channels: number, targets: number, width: number, uniform: () => number): OnnxModel {
  const layers: Layer[] = [
    { inputs: channels + targets + 1, outputs: width, kernel: 1 },
    ...DILATIONS.map(() => ({ inputs: width, outputs: width, kernel: 3 })),
    { inputs: width, outputs: targets, kernel: 1 }
  ];
  const { nodes, initialisers } = body(initialWeights(NETWORK, layers, uniform));
  const shape = (planes: number) => ['N', planes, 'H', 'W'];
  return model({
    name: NETWORK,
    nodes,
    initialisers,
    inputs: [port('activation', shape(channels)), port('linear', shape(targets)), port('level', shape(1))],
    outputs: [port('estimate', shape(targets))]
  });
}

/** What an attacker who knows the noise does with a noisy activation before anything is learned. */
export interface FrontParts extends SpectralField {
  /** Mean activation [C,H,W] and mean target [T,H,W]. */
  mean: Float32Array;
  targetMean: Float32Array;
  /** Per bin the filter W [C,C] of a = mean + W x, and the linear attacker A [C,T] of y = mean + A^T x. */
  filter: readonly Matrix[];
  attacker: readonly Matrix[];
}

/** From `noisy` [N,C,H,W] the decoder's inputs `activation` and `linear`. */
export function decoderFront(parts: FrontParts): OnnxModel {
  const [channels, height, width] = parts.shape;
  const { nodes, initialisers } = front('noisy', parts);
  const shape = (planes: number) => ['N', planes, height, width];
  return model({
    name: 'front of the decoder',
    nodes,
    initialisers,
    inputs: [port('noisy', shape(channels))],
    outputs: [port('activation', shape(channels)), port('linear', shape(targetsOf(parts)))]
  });
}

/** A linear attacker alone: from `noisy` [N,C,H,W] to `estimate` [N,T,H,W] in 0…1. */
export function linearGraph(parts: Omit<FrontParts, 'filter'>): OnnxModel {
  const { shape, bins, mean, targetMean, attacker } = parts;
  const [channels, height, width] = shape;
  const targets = targetsOf(parts);
  const { nodes, initialisers } = spectralMap('attacker', 'centred', 'attacked', { shape, bins }, attacker);
  return model({
    name: 'linear attacker',
    nodes: [node('Sub', ['noisy', 'mean'], ['centred']), ...nodes, node('Add', ['attacked', 'target mean'], ['estimate'])],
    initialisers: [
      ...initialisers,
      floatTensor('mean', [1, channels, height, width], mean),
      floatTensor('target mean', [1, targets, height, width], targetMean)
    ],
    inputs: [port('noisy', ['N', channels, height, width])],
    outputs: [port('estimate', ['N', targets, height, width])]
  });
}

/** The whole adaptive decoder for one strength: from `noisy` [N,C,H,W] to `estimate` [N,T,H,W] in 0…1. */
export function decoderGraph(parts: FrontParts, level: number, weights: Weights): OnnxModel {
  const [channels, height, width] = parts.shape;
  const [before, behind] = [front('noisy', parts), body(weights)];
  const plane: Piece = {
    nodes: [
      node('Shape', ['noisy'], ['samples'], { start: 0, end: 1 }),
      node('Concat', ['samples', 'plane'], ['level shape'], { axis: 0 }),
      node('Expand', ['level value', 'level shape'], ['level'])
    ],
    initialisers: [integerTensor('plane', [1, height, width]), floatTensor('level value', [], Float32Array.of(level))]
  };
  return model({
    name: 'adaptive decoder',
    nodes: [...before.nodes, ...plane.nodes, ...behind.nodes],
    initialisers: [...before.initialisers, ...plane.initialisers, ...behind.initialisers],
    inputs: [port('noisy', ['N', channels, height, width])],
    outputs: [port('estimate', ['N', targetsOf(parts), height, width])]
  });
}

/** Keeps the level of clean activations finite: this share of the activation's variance. */
const LEAST_NOISE = 1e-4;

/**
 * What tells the decoder how strong the noise is: the logarithm of its root mean square beside that of the activation.
 * @param aa @param noise spectra [C,C] per bin; noise zero, or none at all, is a clean activation
 * @param counts coefficients in each bin
 */
export function noiseLevel(aa: readonly Matrix[], noise: readonly Matrix[], counts: ArrayLike<number>): number {
  const power = (spectrum: readonly Matrix[]) =>
    spectrum.reduce((sum, matrix, bin) => sum + counts[bin] * trace(matrix, Math.sqrt(matrix.length)), 0);
  return 0.5 * Math.log(LEAST_NOISE + power(noise) / power(aa));
}

function targetsOf({ shape: [, height, width], targetMean }: Pick<FrontParts, 'shape' | 'targetMean'>): number {
  return targetMean.length / (height * width);
}

function front(noisy: string, parts: FrontParts): Piece {
  const { shape, bins, mean, targetMean, filter, attacker } = parts;
  const [channels, height, width] = shape;
  const targets = targetsOf(parts);
  const both = filter.map((W, bin) => beside(W, attacker[bin], channels, targets));
  const { nodes, initialisers } = spectralMap('front', 'centred', 'both', { shape, bins }, both);
  return {
    nodes: [
      node('Sub', [noisy, 'mean'], ['centred']),
      ...nodes,
      node('Split', ['both', 'planes'], ['filtered', 'attacked'], { axis: 1 }),
      node('Add', ['filtered', 'mean'], ['activation']),
      node('Add', ['attacked', 'target mean'], ['linear'])
    ],
    initialisers: [
      ...initialisers,
      floatTensor('mean', [1, channels, height, width], mean),
      floatTensor('target mean', [1, targets, height, width], targetMean),
      integerTensor('planes', [channels, targets])
    ]
  };
}

/** [W^T | A]: [C, C + T]. */
function beside(W: Matrix, A: Matrix, channels: number, targets: number): Matrix {
  const columns = channels + targets;
  return Float64Array.from({ length: channels * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return column < channels ? W[column * channels + row] : A[row * targets + column - channels];
  });
}

function body(weights: Weights): Piece {
  const blocks = DILATIONS.flatMap((dilation, block) => {
    const [input, moved, output] = [`hidden.${block}`, `moved.${block}`, `hidden.${block + 1}`];
    return [
      convolution(NETWORK, block + 1, input, moved, 3, dilation),
      node('Add', [moved, input], [`${output}.sum`]),
      node('Relu', [`${output}.sum`], [output])
    ];
  });
  const last = DILATIONS.length;
  return {
    nodes: [
      node('Concat', ['activation', 'linear', 'level'], ['seen'], { axis: 1 }),
      convolution(NETWORK, 0, 'seen', 'hidden.0.sum', 1),
      node('Relu', ['hidden.0.sum'], ['hidden.0']),
      ...blocks,
      convolution(NETWORK, last + 1, `hidden.${last}`, 'correction', 1),
      node('Add', ['correction', 'linear'], ['estimate'])
    ],
    initialisers: tensorsOf(weights)
  };
}
