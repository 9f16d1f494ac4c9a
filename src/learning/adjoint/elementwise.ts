import { type Dimension } from '../../models/onnx/build';
import { type NodeProto } from '../../models/onnx/generated/onnx_pb';
import { type Rule, type Tape } from './tape';

const relu: Rule = (node, gradient, tape) => {
  const zero = tape.floats(Float32Array.of(0), []);
  const passes = tape.emit('Greater', [node.output[0], zero]);
  tape.contribute(node.input[0], tape.emit('Where', [passes, gradient, zero]));
};

/** The gradient passes where the value lies strictly between the bounds. */
const clip: Rule = (node, gradient, tape) => {
  const [input, low, high] = node.input;
  const zero = tape.floats(Float32Array.of(0), []);
  const masks = [low && tape.emit('Greater', [input, low]), high && tape.emit('Less', [input, high])].filter(Boolean);
  tape.contribute(
    input,
    masks.reduce((rest, mask) => tape.emit('Where', [mask, rest, zero]), gradient)
  );
};

/** y = 1 / (1 + exp -x): dx = dy y (1 - y). */
const sigmoid: Rule = (node, gradient, tape) => {
  const [y] = node.output;
  const slope = tape.emit('Sub', [y, tape.emit('Mul', [y, y])]);
  tape.contribute(node.input[0], tape.emit('Mul', [gradient, slope]));
};

const neg: Rule = (node, gradient, tape) => tape.contribute(node.input[0], tape.emit('Neg', [gradient]));

const identity: Rule = (node, gradient, tape) => tape.contribute(node.input[0], gradient);

const add: Rule = (node, gradient, tape) => eachInput(node, tape, () => gradient);

const sub: Rule = (node, gradient, tape) =>
  eachInput(node, tape, index => (index === 0 ? gradient : tape.emit('Neg', [gradient])));

const mul: Rule = (node, gradient, tape) => eachInput(node, tape, index => tape.emit('Mul', [gradient, node.input[1 - index]]));

/** y = a / b: da = dy / b, db = -dy y / b. */
const div: Rule = (node, gradient, tape) =>
  eachInput(node, tape, index => {
    const quotient = tape.emit('Div', [gradient, node.input[1]]);
    return index === 0 ? quotient : tape.emit('Neg', [tape.emit('Mul', [quotient, node.output[0]])]);
  });

/** Operands broadcast as in NumPy: each gets its gradient summed over the axes along which it was repeated. */
function eachInput(node: NodeProto, tape: Tape, gradientOf: (index: number) => string): void {
  node.input.forEach((input, index) => {
    if (tape.follow(input)) {
      tape.contribute(input, sumOverRepeats(node, tape, gradientOf(index), input));
    }
  });
}

/** @param whole shape of `gradient`: the input's, repeated */
export function sumOverRepeats(
  node: NodeProto,
  tape: Tape,
  gradient: string,
  input: string,
  whole: readonly Dimension[] = tape.shape(node.output[0])
): string {
  const own = tape.shape(input);
  const missing = whole.length - own.length;
  const padded: Dimension[] = [...whole.slice(0, missing).map(() => 1), ...own];
  if (padded.some((n, axis) => n !== whole[axis] && n !== 1)) {
    throw tape.refusal(node, `may repeat ${input} along an axis of open size`);
  }
  const repeated = whole.map((n, axis) => (padded[axis] === 1 && n !== 1 ? axis : -1)).filter(axis => axis >= 0);
  const summed = repeated.length > 0 ? tape.emit('ReduceSum', [gradient, tape.integers(repeated)], { keepdims: 1 }) : gradient;
  return missing > 0 ? tape.emit('Reshape', [summed, tape.emit('Shape', [input])]) : summed;
}

export const ELEMENTWISE: Record<string, Rule> = {
  Relu: relu,
  Clip: clip,
  Sigmoid: sigmoid,
  Neg: neg,
  Identity: identity,
  Dropout: identity,
  Add: add,
  Sub: sub,
  Mul: mul,
  Div: div
};
