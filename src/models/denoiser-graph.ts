import { type Weights } from './artefact-content';
import { convolution, initialWeights, tensorsOf, type Layer, type Piece } from './layers';
import { type OnnxModel } from './onnx';
import { model, node, port } from './onnx/build';

const NETWORK = 'denoiser';

/**
 * The denoiser alone, with weights to begin training with: a residual 1x1 C->D, Relu, 3x3 D->D, Relu, 1x1 D->C, which at
 * first changes nothing. Weights are the initialisers `denoiser.0…2.weight` and `.bias`.
 * Input `activation` [N,C,H,W], what the spectral filter made of the noisy one; output `estimate`, the same shape.
 * @param uniform gives numbers evenly from 0…1
 */
export function denoiserBody(channels: number, width: number, uniform: () => number): OnnxModel {
  const layers: Layer[] = [
    { inputs: channels, outputs: width, kernel: 1 },
    { inputs: width, outputs: width, kernel: 3 },
    { inputs: width, outputs: channels, kernel: 1 }
  ];
  const { nodes, initialisers } = denoiser('activation', 'estimate', initialWeights(NETWORK, layers, uniform));
  const shape = ['N', channels, 'H', 'W'];
  return model({ name: NETWORK, nodes, initialisers, inputs: [port('activation', shape)], outputs: [port('estimate', shape)] });
}

/** The denoiser as a part of a graph; its width is that of its weights. */
export function denoiser(input: string, output: string, weights: Weights): Piece {
  const step = (index: number) => `${NETWORK}.${index}`;
  return {
    nodes: [
      convolution(NETWORK, 0, input, step(0), 1),
      node('Relu', [step(0)], [`${step(0)}.relu`]),
      convolution(NETWORK, 1, `${step(0)}.relu`, step(1), 3),
      node('Relu', [step(1)], [`${step(1)}.relu`]),
      convolution(NETWORK, 2, `${step(1)}.relu`, step(2), 1),
      node('Add', [step(2), input], [output])
    ],
    initialisers: tensorsOf(weights)
  };
}
