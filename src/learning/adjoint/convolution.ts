import { float, integer } from '../../models/onnx/attributes';
import { dimsOf, elements, floatsOf } from '../../models/onnx/tensors';
import { type Rule, type Tape } from './tape';
import { convTranspose, windowsOf, type Windows } from './windows';

/** y = W * x + b. Weights and bias are frozen; groups, strides, pads (automatic ones too) and dilations as they come. */
const conv: Rule = (node, gradient, tape) => {
  const [input, weights, bias] = node.input;
  if (tape.follow(weights) || (bias && tape.follow(bias))) {
    throw tape.refusal(node, 'has weights that depend on the activation');
  }
  const windows = windowsOf(node, tape, tape.shape(weights).slice(2).map(Number));
  const group = integer(node, 'group', 1);
  const turned = convTurned(tape, gradient, weights, group, windows);
  tape.contribute(input, turned ?? convTranspose(tape, gradient, weights, group, windows));
};

/**
 * With stride 1 the adjoint is a convolution again, which ONNX Runtime does faster: inputs and outputs exchanged, the
 * kernel turned around, as many pads as make the input's size. Undefined where that would take negative pads.
 */
function convTurned(tape: Tape, gradient: string, weights: string, group: number, windows: Windows): string | undefined {
  const { kernel, strides, dilations, begin, end } = windows;
  const constant = tape.view.constant(weights);
  const pads = [begin, end].flatMap(side => side.map((n, i) => (kernel[i] - 1) * dilations[i] - n));
  if (!constant || strides.some(n => n !== 1) || pads.some(n => n < 0)) {
    return undefined;
  }
  const [outputs, perGroup] = dimsOf(constant);
  const dims = [group * perGroup, outputs / group, ...kernel];
  const values = tape.floats(turn(floatsOf(constant), outputs, perGroup, group, elements(kernel)), dims);
  return tape.emit('Conv', [gradient, values], { group, dilations, pads });
}

/** [groups x share, perGroup, taps] -> [groups x perGroup, share, taps from last to first] */
function turn(weights: Float32Array, outputs: number, perGroup: number, groups: number, taps: number): Float32Array {
  const share = outputs / groups;
  const turned = new Float32Array(weights.length);
  for (let m = 0; m < outputs; m++) {
    const group = Math.floor(m / share);
    for (let c = 0; c < perGroup; c++) {
      const to = ((group * perGroup + c) * share + (m % share)) * taps;
      const from = (m * perGroup + c) * taps;
      for (let tap = 0; tap < taps; tap++) {
        turned[to + taps - 1 - tap] = weights[from + tap];
      }
    }
  }
  return turned;
}

/** y = alpha x W + beta c with frozen W (transposed or not) and c: dx = alpha dy W^T. */
const gemm: Rule = (node, gradient, tape) => {
  const [input, weights, bias] = node.input;
  if (tape.follow(weights) || (bias && tape.follow(bias)) || integer(node, 'transA', 0)) {
    throw tape.refusal(node, 'has weights that depend on the activation, or transposes it');
  }
  const alpha = float(node, 'alpha', 1);
  const transB = integer(node, 'transB', 0) ? 0 : 1;
  tape.contribute(input, tape.emit('Gemm', [gradient, weights], { alpha: { float: alpha }, transB }));
};

/** y = x W with a frozen matrix W: dx = dy W^T. */
const matMul: Rule = (node, gradient, tape) => {
  const [input, weights] = node.input;
  if (tape.follow(weights) || tape.shape(weights).length !== 2) {
    throw tape.refusal(node, 'is no product of the activation with a constant matrix');
  }
  tape.contribute(input, tape.emit('MatMul', [gradient, tape.emit('Transpose', [weights], { perm: [1, 0] })]));
};

export const CONVOLUTION: Record<string, Rule> = { Conv: conv, Gemm: gemm, MatMul: matMul };
