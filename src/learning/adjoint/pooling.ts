import { integer } from '../../models/onnx/attributes';
import { elements } from '../../models/onnx/tensors';
import { type Rule, type Tape } from './tape';
import { convTranspose, windowsOf, type Windows } from './windows';

/** Each output is the mean of its window: its gradient goes in equal parts to the window's positions. */
const averagePool: Rule = (node, gradient, tape) => {
  const windows = windowsOf(node, tape);
  if (integer(node, 'ceil_mode', 0) && isCutAtTheEnd(windows)) {
    throw tape.refusal(node, 'has ceil_mode');
  }
  const withPads = integer(node, 'count_include_pad', 0) === 1;
  const weighted = withPads ? gradient : tape.emit('Mul', [gradient, shareOfWindow(tape, windows)]);
  tape.contribute(node.input[0], spread(tape, weighted, windows, Number(tape.shape(node.input[0])[1])));
};

/** The largest position of each window gets its whole gradient; windows may overlap. Of equal ones the first gets it. */
const maxPool: Rule = (node, gradient, tape) => {
  const [input] = node.input;
  // The indices of the second output count in the input laid out flat, batch and channels included.
  node.output[1] ||= tape.name(`${node.output[0]} indices`);
  const shape = tape.emit('Shape', [input]);
  const flat = tape.integers([-1]);
  const zeros = tape.emit('ConstantOfShape', [tape.emit('Reshape', [tape.emit('Size', [input]), flat])]);
  const places = tape.emit('Reshape', [node.output[1], flat]);
  const values = tape.emit('Reshape', [gradient, flat]);
  const scattered = tape.emit('ScatterElements', [zeros, places, values], { axis: 0, reduction: 'add' });
  tape.contribute(input, tape.emit('Reshape', [scattered, shape]));
};

const globalAveragePool: Rule = (node, gradient, tape) => {
  const [input] = node.input;
  const count = tape.floats(Float32Array.of(1 / elements(tape.spatial(input))), []);
  tape.contribute(input, tape.emit('Expand', [tape.emit('Mul', [gradient, count]), tape.emit('Shape', [input])]));
};

/** Adjoint of the mean over windows that counts pads: with stride 1 a mean again, otherwise a transposed convolution. */
function spread(tape: Tape, gradient: string, windows: Windows, channels: number): string {
  const { kernel, strides, dilations, begin, end } = windows;
  if (strides.every(n => n === 1) && dilations.every(n => n === 1)) {
    const pads = [begin, end].flatMap(side => side.map((n, i) => kernel[i] - 1 - n));
    return tape.emit('AveragePool', [gradient], { kernel_shape: kernel, pads, count_include_pad: 1 });
  }
  const size = elements(kernel);
  const mean = new Float32Array(channels * size).fill(1 / size);
  return convTranspose(tape, gradient, tape.floats(mean, [channels, 1, ...kernel]), channels, windows);
}

/** Where pads are not counted a window's mean is over fewer positions: [1, 1, output…] of kernel size / positions. */
function shareOfWindow(tape: Tape, windows: Windows): string {
  const share = windows.output.reduce<number[]>(
    (outer, n, axis) => outer.flatMap(so => Array.from({ length: n }, (_, at) => so * shareOnAxis(windows, axis, at))),
    [1]
  );
  return tape.floats(Float32Array.from(share), [1, 1, ...windows.output]);
}

function shareOnAxis({ input, kernel, strides, dilations, begin }: Windows, axis: number, at: number): number {
  const first = at * strides[axis] - begin[axis];
  const positions = Array.from({ length: kernel[axis] }, (_, k) => first + k * dilations[axis]);
  return kernel[axis] / positions.filter(position => position >= 0 && position < input[axis]).length;
}

function isCutAtTheEnd({ input, output, kernel, strides, dilations, begin, end }: Windows): boolean {
  return output.some((n, i) => (n - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 > input[i] + begin[i] + end[i]);
}

export const POOLING: Record<string, Rule> = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  GlobalAveragePool: globalAveragePool
};
