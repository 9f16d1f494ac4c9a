import { channels, convLike, parametersOfConv, pickOutputs } from './channels';
import { findCrelus, type Crelu } from './crelu';
import type { GraphView } from './graph';
import type { OnnxModel } from './model';
import { rewrite, type Replacement } from './rewrite';
import { dimsOf, elements } from './tensors';

/**
 * Below so many multiplications an output value, doing them again with the sign turned is cheaper than to walk three
 * times through the memory of the outputs.
 */
const MOST_MULTIPLICATIONS = 256;

/**
 * Replace `Relu(Concat(Conv(x), -Conv(x)))` by `Relu` of one convolution with the weights [w; -w]: the runtime fuses that
 * Relu, and negation and concatenation walk through no memory. Turning the sign of every factor turns that of the sum
 * and nothing else, so outputs stay the same to the last bit. Only where the convolution is small.
 *
 * @returns the model itself where there is nothing to fold
 */
export function foldCrelu(model: OnnxModel): OnnxModel {
  return rewrite(model, view =>
    findCrelus(view)
      .filter(({ conv }) => elements(dimsOf(view.constant(conv.input[1])!).slice(1)) <= MOST_MULTIPLICATIONS)
      .map(crelu => fold(view, crelu))
  );
}

function fold(view: GraphView, { conv, negation, concatenation, count }: Crelu): Replacement {
  const [output] = concatenation.output;
  const both = [...channels(0, count), ...channels(0, count, -1)];
  const constants = parametersOfConv(view, conv).map(tensor => pickOutputs(tensor, `${output}.${tensor.name}`, both));
  return {
    nodes: new Map([
      [conv, [convLike(conv, conv.input[0], constants, output)]],
      [negation, []],
      [concatenation, []]
    ]),
    constants
  };
}
