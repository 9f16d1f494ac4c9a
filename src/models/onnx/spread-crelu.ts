import { integer } from './attributes';
import { node } from './build';
import { channels, convLike, parametersOfConv, pickInputs, pickOutputs } from './channels';
import { findCrelus, poolAfter, poolLike, type Crelu } from './crelu';
import type { NodeProto } from './generated/onnx_pb';
import type { GraphView } from './graph';
import type { OnnxModel } from './model';
import { inLanes, onlyReader, rewrite, type Replacement } from './rewrite';
import { floatTensor } from './tensors';

/**
 * For Conv -> CReLU -> MaxPool -> Conv whose first convolution does not fill its last block of channels, as 24 = 16 + 8
 * do not: the empty places compute negatives, which costs nothing, and only the other negatives remain to be made. The
 * two parts stay apart: the second convolution is the sum of one over each, and the runtime adds in place. Parts end
 * where blocks end, so that terms are added in the order they were in and outputs stay the same to the last bit.
 *
 * @returns the model itself where there is nothing to do
 */
export function spreadCrelu(model: OnnxModel): OnnxModel {
  return rewrite(model, view =>
    findCrelus(view).flatMap(crelu => {
      const pool = poolAfter(view, crelu);
      const next = pool && onlyReader(view, pool.output[0], 'Conv');
      const hasRoom = inLanes(crelu.count) > crelu.count && inLanes(crelu.count) < 2 * crelu.count;
      return next && hasRoom && reads(view, next, pool.output[0]) ? [spread(view, crelu, pool, next)] : [];
    })
  );
}

function reads(view: GraphView, conv: NodeProto, data: string): boolean {
  return conv.input[0] === data && conv.input.slice(1).every(name => view.constant(name)) && integer(conv, 'group', 1) === 1;
}

function spread(view: GraphView, crelu: Crelu, pool: NodeProto, next: NodeProto): Replacement {
  const { conv, negation, concatenation, relu, count } = crelu;
  const [output] = next.output;
  const name = (part: string): string => `${output}.${part}`;
  const placed = inLanes(count);
  const room = placed - count;
  const places = [...channels(0, count), ...channels(0, room, -1)];
  const parameters = parametersOfConv(view, conv).map(tensor => pickOutputs(tensor, name(tensor.name), places));
  const turning = new Float32Array((count - room) * placed);
  for (let i = 0; i < count - room; i++) {
    turning[i * placed + room + i] = -1;
  }
  const turner = floatTensor(name('turner'), [count - room, placed, 1, 1], turning);
  const [weights, ...bias] = parametersOfConv(view, next);
  const ofPlaces = pickInputs(weights, name('weights-of-places'), 0, placed);
  const ofRest = pickInputs(weights, name('weights-of-rest'), placed, 2 * count);
  const nodes = [
    // The greatest of a window is the same on either side of a Relu, which goes through less memory behind.
    poolLike(pool, conv.output[0], name('places-pooled')),
    node('Relu', [name('places-pooled')], [name('places')]),
    node('Conv', [conv.output[0], turner.name], [name('rest-turned')], { kernel_shape: [1, 1] }),
    node('Relu', [name('rest-turned')], [name('rest-positive')]),
    poolLike(pool, name('rest-positive'), name('rest')),
    convLike(next, name('places'), [ofPlaces], name('sum-of-places')),
    convLike(next, name('rest'), [ofRest, ...bias], name('sum-of-rest')),
    // The runtime adds inside the first of the two: the one that has the bias, which comes last.
    node('Add', [name('sum-of-rest'), name('sum-of-places')], [output])
  ];
  return {
    nodes: new Map([
      [conv, [convLike(conv, conv.input[0], parameters, conv.output[0])]],
      [negation, []],
      [concatenation, []],
      [relu, []],
      [pool, []],
      [next, nodes]
    ]),
    constants: [...parameters, turner, ofPlaces, ofRest]
  };
}
