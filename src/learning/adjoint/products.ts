import { float, integer } from '../../models/onnx/attributes';
import { type Dimension } from '../../models/onnx/build';
import { type NodeProto } from '../../models/onnx/generated/onnx_pb';
import { sumOverRepeats } from './elementwise';
import { type Rule, type Tape } from './tape';

/** y = alpha x W + beta c, W transposed or not: dx = alpha dy W^T, dW = alpha x^T dy, dc = beta dy, summed where repeated. */
const gemm: Rule = (node, gradient, tape) => {
  const [input, weights, bias] = node.input;
  if (integer(node, 'transA', 0)) {
    throw tape.refusal(node, 'transposes its first matrix');
  }
  const isTransposed = integer(node, 'transB', 0) === 1;
  const alpha = { float: float(node, 'alpha', 1) };
  if (tape.follow(input)) {
    tape.contribute(input, tape.emit('Gemm', [gradient, weights], { alpha, transB: isTransposed ? 0 : 1 }));
  }
  if (tape.follow(weights)) {
    const factors = isTransposed ? [gradient, input] : [input, gradient];
    tape.contribute(weights, tape.emit('Gemm', factors, { alpha, transA: 1 }));
  }
  if (bias && tape.follow(bias)) {
    const sum = sumOverRepeats(node, tape, gradient, bias);
    const beta = float(node, 'beta', 1);
    tape.contribute(bias, beta === 1 ? sum : tape.emit('Mul', [sum, tape.floats(Float32Array.of(beta), [])]));
  }
};

/** y = A B, either a matrix or a batch of them, repeated as in NumPy: dA = dy B^T, dB = A^T dy, summed where repeated. */
const matMul: Rule = (node, gradient, tape) => {
  const [left, right] = node.input;
  const [leftShape, rightShape] = node.input.map(name => tape.shape(name));
  if (Math.min(leftShape.length, rightShape.length) < 2) {
    throw tape.refusal(node, 'multiplies a vector');
  }
  const batch = tape.shape(node.output[0]).slice(0, -2);
  if (tape.follow(left)) {
    const product = tape.emit('MatMul', [gradient, transposed(tape, right)]);
    tape.contribute(left, sumOverRepeats(node, tape, product, left, [...batch, ...leftShape.slice(-2)]));
  }
  if (tape.follow(right)) {
    tape.contribute(right, oneForAll(node, gradient, tape) ?? repeatedRight());
  }

  function repeatedRight(): string {
    const product = tape.emit('MatMul', [transposed(tape, left), gradient]);
    return sumOverRepeats(node, tape, product, right, [...batch, ...rightShape.slice(-2)]);
  }
};

/** Where a batch is multiplied by one matrix, the batch is more rows: one product, without a sum. */
function oneForAll({ input: [left, right], output: [y] }: NodeProto, gradient: string, tape: Tape): string | undefined {
  const [inner, outer] = [left, y].map(name => tape.shape(name).at(-1));
  if (tape.shape(right).length > 2 || typeof inner === 'string' || typeof outer === 'string') {
    return undefined;
  }
  const rows = (tensor: string, columns?: Dimension): string =>
    tape.emit('Reshape', [tensor, tape.integers([-1, Number(columns)])]);
  return tape.emit('Gemm', [rows(left, inner), rows(gradient, outer)], { transA: 1 });
}

function transposed(tape: Tape, matrices: string): string {
  const rank = tape.shape(matrices).length;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return tape.emit('Transpose', [matrices], { perm: [...axes.slice(0, -2), rank - 1, rank - 2] });
}

export const PRODUCTS: Record<string, Rule> = { Gemm: gemm, MatMul: matMul };
