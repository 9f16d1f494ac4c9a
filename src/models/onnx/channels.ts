import { node } from './build';
import type { NodeProto, TensorProto } from './generated/onnx_pb';
import type { GraphView } from './graph';
import { dimsOf, elements, floatsOf, floatTensor } from './tensors';

/** A channel of another tensor, or its negative. */
export interface Channel {
  from: number;
  sign: 1 | -1;
}

export function channels(from: number, to: number, sign: 1 | -1 = 1): Channel[] {
  return Array.from({ length: to - from }, (_, i) => ({ from: from + i, sign }));
}

/** Weights [O, I, ...] or a bias [O] of a convolution that has these output channels of the original. */
export function pickOutputs(tensor: TensorProto, name: string, picked: readonly Channel[]): TensorProto {
  const [, ...rest] = dimsOf(tensor);
  const size = elements(rest);
  const values = floatsOf(tensor);
  const taken = new Float32Array(picked.length * size);
  picked.forEach(({ from, sign }, i) =>
    taken.set(
      values.subarray(from * size, (from + 1) * size).map(value => sign * value),
      i * size
    )
  );
  return floatTensor(name, [picked.length, ...rest], taken);
}

/** Weights [O, I, ...] of a convolution that reads the input channels `from` until `to` of the original alone. */
export function pickInputs(tensor: TensorProto, name: string, from: number, to: number): TensorProto {
  const [outputs, inputs, ...rest] = dimsOf(tensor);
  const size = elements(rest);
  const values = floatsOf(tensor);
  const taken = new Float32Array(outputs * (to - from) * size);
  for (let o = 0; o < outputs; o++) {
    const start = o * inputs * size;
    taken.set(values.subarray(start + from * size, start + to * size), o * (to - from) * size);
  }
  return floatTensor(name, [outputs, to - from, ...rest], taken);
}

/** The values of a convolution's weights and, where it has one, its bias. */
export function parametersOfConv(view: GraphView, conv: NodeProto): TensorProto[] {
  return conv.input.slice(1).map(name => view.constant(name)!);
}

/** A convolution that differs from another in what it reads and writes. */
export function convLike(conv: NodeProto, data: string, parameters: readonly TensorProto[], output: string): NodeProto {
  const other = node('Conv', [data, ...parameters.map(({ name }) => name)], [output]);
  // kernel_shape and the rest are the same; whether channels are more or fewer is not among them.
  other.attribute = conv.attribute;
  return other;
}
