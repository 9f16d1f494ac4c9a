import { float, integer } from '../../models/onnx/attributes';
import { floatsOf } from '../../models/onnx/tensors';
import { type Rule } from './tape';

/** y = softmax x along one axis: dx = y (dy - sum of dy y along it). */
const softmax: Rule = (node, gradient, tape) => {
  const [y] = node.output;
  const weighted = tape.emit('Mul', [gradient, y]);
  const sum = tape.emit('ReduceSum', [weighted, tape.integers([integer(node, 'axis', -1)])], { keepdims: 1 });
  tape.contribute(node.input[0], tape.emit('Sub', [weighted, tape.emit('Mul', [y, sum])]));
};

/** As it is when a network is used: a scale and a shift per channel, of constants (Ioffe and Szegedy 2015, arXiv:1502.03167). */
const batchNormalization: Rule = (node, gradient, tape) => {
  const [input, ...names] = node.input;
  const constants = [names[0], names[3]].map(name => tape.view.constant(name));
  const [scale, variance] = constants.map(tensor => tensor && floatsOf(tensor));
  if (!scale || !variance || integer(node, 'training_mode', 0)) {
    throw tape.refusal(node, 'is in training mode, or not of constants');
  }
  const epsilon = float(node, 'epsilon', 1e-5);
  const factor = scale.map((value, channel) => value / Math.sqrt(variance[channel] + epsilon));
  const dims = [
    factor.length,
    ...tape
      .shape(input)
      .slice(2)
      .map(() => 1)
  ];
  tape.contribute(input, tape.emit('Mul', [gradient, tape.floats(factor, dims)]));
};

export const NORMALISATION: Record<string, Rule> = { Softmax: softmax, BatchNormalization: batchNormalization };
