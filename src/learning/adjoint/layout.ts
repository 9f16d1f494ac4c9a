import { integer, integers, text } from '../../models/onnx/attributes';
import { dimsOf, integersOf } from '../../models/onnx/tensors';
import { type Rule, type Tape } from './tape';

/** Reshape, Flatten, Squeeze, Unsqueeze: the same values in another shape. */
const reshape: Rule = (node, gradient, tape) => {
  tape.contribute(node.input[0], tape.emit('Reshape', [gradient, tape.emit('Shape', [node.input[0]])]));
};

const transpose: Rule = (node, gradient, tape) => {
  const axes = tape.shape(node.input[0]).map((_, axis) => axis);
  const perm = integers(node, 'perm') ?? [...axes].reverse();
  tape.contribute(node.input[0], tape.emit('Transpose', [gradient], { perm: axes.map(axis => perm.indexOf(axis)) }));
};

/** Each part gets its slice of the gradient. */
const concat: Rule = (node, gradient, tape) => {
  const rank = tape.shape(node.output[0]).length;
  const axis = (integer(node, 'axis', 1) + rank) % rank;
  let from = 0;
  for (const input of node.input) {
    const size = tape.shape(input)[axis];
    if (typeof size === 'string') {
      throw tape.refusal(node, 'joins along the batch');
    }
    if (tape.follow(input)) {
      tape.contribute(input, slice(tape, gradient, [axis], [from], [from + size]));
    }
    from += size;
  }
};

/** Parts of a tensor that the loss does not depend on have a gradient of zeros. */
const split: Rule = (node, gradient, tape) => {
  const gradients = node.output.map((part, i) => (i === 0 ? gradient : tape.gradientOrZero(part)));
  tape.contribute(node.input[0], tape.emit('Concat', gradients, { axis: integer(node, 'axis', 0) }));
};

/** A tensor's rows in another order: the gradient's are put back. */
const gather: Rule = (node, gradient, tape) => {
  const [input, indices] = node.input;
  const constant = tape.view.constant(indices);
  const axis = integer(node, 'axis', 0);
  const size = tape.shape(input).at(axis);
  const order = constant && dimsOf(constant).length === 1 ? integersOf(constant).map(n => (n < 0 ? n + Number(size) : n)) : [];
  const back = Array.from(order.keys(), to => order.indexOf(to));
  if (order.length !== size || back.includes(-1)) {
    throw tape.refusal(node, 'does more than put rows into another order');
  }
  tape.contribute(input, tape.emit('Gather', [gradient, tape.integers(back)], { axis }));
};

/** A constant border: the gradient loses it. */
const pad: Rule = (node, gradient, tape) => {
  const [input, padsName, , axesName] = node.input;
  const pads = tape.view.constant(padsName ?? '');
  const mode = text(node, 'mode', 'constant');
  if (mode !== 'constant' || !pads || axesName) {
    throw tape.refusal(node, mode !== 'constant' ? `has mode ${mode}` : 'has pads that are not constant, or for some axes only');
  }
  const values = integersOf(pads);
  const shape = tape.shape(input);
  const padded = shape.map((_, axis) => axis).filter(axis => values[axis] !== 0 || values[axis + shape.length] !== 0);
  const sizes = padded.map(axis => shape[axis]);
  if (values.some(n => n < 0) || sizes.some(size => typeof size === 'string')) {
    throw tape.refusal(node, 'crops, or pads along the batch');
  }
  const begin = padded.map(axis => values[axis]);
  const end = begin.map((n, i) => n + Number(sizes[i]));
  tape.contribute(input, padded.length > 0 ? slice(tape, gradient, padded, begin, end) : gradient);
};

function slice(tape: Tape, tensor: string, axes: number[], begin: number[], end: number[]): string {
  return tape.emit('Slice', [tensor, tape.integers(begin), tape.integers(end), tape.integers(axes)]);
}

export const LAYOUT: Record<string, Rule> = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Gather: gather,
  Pad: pad
};
