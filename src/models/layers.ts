import { type Weights } from './artefact-content';
import { node } from './onnx/build';
import { type NodeProto, type TensorProto } from './onnx/generated/onnx_pb';
import { elements, floatTensor } from './onnx/tensors';

/** A part of a graph: nodes in order of computation, and the constants that they alone read. */
export interface Piece {
  nodes: readonly NodeProto[];
  initialisers: readonly TensorProto[];
}

/** One convolution of a small network: channels in and out, the kernel's side. */
export interface Layer {
  inputs: number;
  outputs: number;
  kernel: number;
}

/** The convolution that reads `<network>.<index>.weight` [outputs,inputs,kernel,kernel] and `.bias` [outputs]; sizes stay. */
export function convolution(
  network: string,
  index: number,
  input: string,
  output: string,
  kernel: number,
  dilation: number = 1
): NodeProto {
  const pad = dilation * ((kernel - 1) / 2);
  return node('Conv', [input, `${network}.${index}.weight`, `${network}.${index}.bias`], [output], {
    kernel_shape: [kernel, kernel],
    dilations: [dilation, dilation],
    pads: [pad, pad, pad, pad]
  });
}

/**
 * Weights to begin training with: evenly from +-sqrt(6 / values read), so that Relu keeps the variance (He et al. 2015,
 * arXiv:1502.01852); biases zero, and the last layer zero altogether: what it is added to comes first.
 * @param uniform gives numbers evenly from 0…1
 */
export function initialWeights(network: string, layers: readonly Layer[], uniform: () => number): Weights {
  const weights: Weights = {};
  layers.forEach(({ inputs, outputs, kernel }, index) => {
    const shape = [outputs, inputs, kernel, kernel];
    const reach = index === layers.length - 1 ? 0 : Math.sqrt(6 / (inputs * kernel * kernel));
    const data = new Float32Array(elements(shape));
    if (reach > 0) {
      data.forEach((_, i) => (data[i] = reach * (2 * uniform() - 1)));
    }
    weights[`${network}.${index}.weight`] = { data, shape };
    weights[`${network}.${index}.bias`] = { data: new Float32Array(outputs), shape: [outputs] };
  });
  return weights;
}

export function tensorsOf(weights: Weights): TensorProto[] {
  return Object.entries(weights).map(([name, { data, shape }]) => floatTensor(name, shape, data));
}
