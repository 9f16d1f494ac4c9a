import { integer } from '../../models/onnx/attributes';
import { type Dimension } from '../../models/onnx/build';
import { type NodeProto } from '../../models/onnx/generated/onnx_pb';
import { elements } from '../../models/onnx/tensors';
import { patchesOf } from './patches';
import { type Rule, type Tape } from './tape';
import { convTranspose, windowsOf, type Windows } from './windows';

/** y = W * x + b; groups, strides, pads (automatic ones too) and dilations as they come. */
const conv: Rule = (node, gradient, tape) => {
  const [input, weights, bias] = node.input;
  const shape = weightShape(node, tape);
  const windows = windowsOf(node, tape, shape.slice(2));
  const group = integer(node, 'group', 1);
  if (tape.follow(input)) {
    const turned = convTurned(tape, gradient, weights, shape, group, windows);
    tape.contribute(input, turned ?? convTranspose(tape, gradient, weights, group, windows));
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
  { kernel, strides, dilations, begin, end }: Windows
): string | undefined {
  const pads = [begin, end].flatMap(side => side.map((n, i) => (kernel[i] - 1) * dilations[i] - n));
  if (strides.some(n => n !== 1) || pads.some(n => n < 0)) {
    return undefined;
  }
  return tape.emit('Conv', [gradient, turn(tape, weights, shape, group)], { group, dilations, pads });
}

/** [groups x share, perGroup, taps] -> [groups x perGroup, share, taps from last to first]; of constants done once, by the runtime. */
function turn(tape: Tape, weights: string, [outputs, perGroup, ...kernel]: readonly number[], group: number): string {
  const [share, taps] = [outputs / group, elements(kernel)];
  const split = tape.emit('Reshape', [weights, tape.integers([group, share, perGroup, taps])]);
  const exchanged = tape.emit('Transpose', [split], { perm: [0, 2, 1, 3] });
  const reversed = Array.from({ length: taps }, (_, tap) => taps - 1 - tap);
  const turned = taps > 1 ? tape.emit('Gather', [exchanged, tape.integers(reversed)], { axis: 3 }) : exchanged;
  return tape.emit('Reshape', [turned, tape.integers([group * perGroup, share, ...kernel])]);
}

/**
 * dW[o,c,tap] = sum over samples and positions p of dy[o,p] x[c, where tap lies for p]: per sample a product of matrices,
 * [outputs, positions] by [positions, taps x channels].
 */
function byWeights(
  tape: Tape,
  gradient: string,
  input: string,
  shape: readonly number[],
  group: number,
  windows: Windows
): string {
  const [outputs, perGroup, ...kernel] = shape;
  const taps = elements(kernel);
  const patches = patchesOf(tape, input, group, perGroup, windows);
  const along = tape.emit('Transpose', [patches], { perm: [0, 1, 3, 2] });
  const cotangent = tape.emit('Reshape', [gradient, tape.integers([0, group, outputs / group, -1])]);
  const sum = tape.emit('ReduceSum', [tape.emit('MatMul', [cotangent, along]), tape.integers([0])], { keepdims: 0 });
  if (taps === 1) {
    return tape.emit('Reshape', [sum, tape.integers(shape)]);
  }
  const split = tape.emit('Reshape', [sum, tape.integers([outputs, taps, perGroup])]);
  return tape.emit('Reshape', [tape.emit('Transpose', [split], { perm: [0, 2, 1] }), tape.integers(shape)]);
}

export const CONVOLUTION: Record<string, Rule> = { Conv: conv };
