import { integer } from '../../models/onnx/attributes';
import { type Dimension } from '../../models/onnx/build';
import { type NodeProto } from '../../models/onnx/generated/onnx_pb';
import { elements } from '../../models/onnx/tensors';
import { channelsFirst, shifted } from './shifts';
import { type Rule, type Tape } from './tape';
import { convTranspose, turned, windowsOf, type Windows } from './windows';

/** y = W * x + b; groups, strides, pads (automatic ones too) and dilations as they come. */
const conv: Rule = (node, gradient, tape) => {
  const [input, weights, bias] = node.input;
  const shape = weightShape(node, tape);
  const windows = windowsOf(node, tape, shape.slice(2));
  const group = integer(node, 'group', 1);
  if (tape.follow(input)) {
    const again = convTurned(tape, gradient, weights, shape, group, windows);
    tape.contribute(input, again ?? convTranspose(tape, gradient, weights, group, windows));
  }
  if (tape.follow(weights)) {
    tape.contribute(weights, byWeights(tape, gradient, input, shape, group, windows));
  }
  if (bias && tape.follow(bias)) {
    const axes = [0, ...windows.input.map((_, i) => i + 2)];
    tape.contribute(bias, tape.emit('ReduceSum', [gradient, tape.integers(axes)], { keepdims: 0 }));
  }
};

function weightShape(node: NodeProto, tape: Tape): number[] {
  return tape.shape(node.input[1]).map((n: Dimension) => {
    if (typeof n === 'string') {
      throw tape.refusal(node, 'has weights of open size');
    }
    return n;
  });
}

/**
 * With stride 1 the adjoint is a convolution again, which ONNX Runtime does faster: inputs and outputs exchanged, the
 * kernel turned around, as many pads as make the input's size. Undefined where that would take negative pads.
 */
function convTurned(
  tape: Tape,
  gradient: string,
  weights: string,
  shape: readonly number[],
  group: number,
  windows: Windows
): string | undefined {
  const opposite = turned(windows);
  if (!opposite) {
    return undefined;
  }
  const { dilations, begin, end } = opposite;
  return tape.emit('Conv', [gradient, turn(tape, weights, shape, group)], { group, dilations, pads: [...begin, ...end] });
}

/** [groups x share, perGroup, taps] -> [groups x perGroup, share, taps from last to first]; of constants done once, by the runtime. */
function turn(tape: Tape, weights: string, [outputs, perGroup, ...kernel]: readonly number[], group: number): string {
  const [share, taps] = [outputs / group, elements(kernel)];
  const split = tape.emit('Reshape', [weights, tape.integers([group, share, perGroup, taps])]);
  const exchanged = tape.emit('Transpose', [split], { perm: [0, 2, 1, 3] });
  const reversed = Array.from({ length: taps }, (_, tap) => taps - 1 - tap);
  const around = taps > 1 ? tape.emit('Gather', [exchanged, tape.integers(reversed)], { axis: 3 }) : exchanged;
  return tape.emit('Reshape', [around, tape.integers([group * perGroup, share, ...kernel])]);
}

/**
 * dW[o,c,tap] = sum over samples and positions p of dy[o,p] x[c, where the tap lies for p]: for each tap a product of
 * matrices, channels by all positions. Tap by tap the runtime is as fast as with all taps in one product, and copies a
 * ninth. With stride 1 it is the gradient that is shifted, the other way, where that has fewer channels.
 */
function byWeights(
  tape: Tape,
  gradient: string,
  input: string,
  shape: readonly number[],
  group: number,
  windows: Windows
): string {
  const [outputs, perGroup] = shape;
  const inputs = group * perGroup;
  const [x, dy] = [input, gradient].map(tensor => channelsFirst(tape, tensor, windows));
  const opposite = turned(windows);
  const pairs =
    opposite && outputs < inputs
      ? shifted(tape, dy, opposite)
          .map(part => [part, x])
          .reverse()
      : shifted(tape, x, windows).map(part => [dy, part]);
  const rows = (tensor: string, channels: number): string =>
    tape.emit('Reshape', [tensor, tape.integers([group, channels / group, -1])]);
  const products = pairs.map(([left, right]) => {
    const columns = tape.emit('Transpose', [rows(right, inputs)], { perm: [0, 2, 1] });
    return tape.emit('MatMul', [rows(left, outputs), columns]);
  });
  if (products.length === 1) {
    return tape.emit('Reshape', [products[0], tape.integers(shape)]);
  }
  const all = tape.emit('Concat', products, { axis: 0 });
  const stacked = tape.emit('Reshape', [all, tape.integers([products.length, outputs, perGroup])]);
  return tape.emit('Reshape', [tape.emit('Transpose', [stacked], { perm: [1, 2, 0] }), tape.integers(shape)]);
}

export const CONVOLUTION: Record<string, Rule> = { Conv: conv };
