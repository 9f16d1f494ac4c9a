import { node } from './build';
import { findCrelus, poolAfter, poolLike, type Crelu } from './crelu';
import type { NodeProto } from './generated/onnx_pb';
import type { OnnxModel } from './model';
import { LANES, rewrite, type Replacement } from './rewrite';
import { floatTensor } from './tensors';

/**
 * Where a CReLU is followed by MaxPool alone, take the greatest of x and of -x first and concatenate what is left; the
 * greatest of a window is the same on either side of a Relu, to the last bit. The sign is turned by a batch norm, which
 * the runtime computes in its blocked layout (Neg it does not), so nothing is carried from one layout to the other.
 * Only where channels fill the blocks: others cannot be concatenated in that layout.
 *
 * @returns the model itself where there is nothing to do
 */
export function poolCrelu(model: OnnxModel): OnnxModel {
  return rewrite(model, view =>
    findCrelus(view)
      .filter(({ count }) => count % LANES === 0)
      .flatMap(crelu => {
        const pool = poolAfter(view, crelu);
        return pool ? [poolFirst(crelu, pool)] : [];
      })
  );
}

function poolFirst({ conv, negation, concatenation, relu, count }: Crelu, pool: NodeProto): Replacement {
  const [output] = pool.output;
  const name = (part: string): string => `${output}.${part}`;
  const constants = [filled(name('minus'), count, -1), filled(name('zeros'), count, 0), filled(name('ones'), count, 1)];
  const [minus, zeros, ones] = constants.map(tensor => tensor.name);
  const nodes = [
    node('BatchNormalization', [conv.output[0], minus, zeros, zeros, ones], [name('negative')], { epsilon: { float: 0 } }),
    poolLike(pool, conv.output[0], name('greatest')),
    poolLike(pool, name('negative'), name('least')),
    node('Concat', [name('greatest'), name('least')], [name('both')], { axis: 1 }),
    node('Relu', [name('both')], [output])
  ];
  return {
    nodes: new Map([
      [negation, []],
      [concatenation, []],
      [relu, []],
      [pool, nodes]
    ]),
    constants
  };
}

const filled = (name: string, count: number, value: number) => floatTensor(name, [count], new Float32Array(count).fill(value));
