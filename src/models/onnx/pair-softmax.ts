import { integer } from './attributes';
import { node } from './build';
import type { NodeProto } from './generated/onnx_pb';
import type { GraphView } from './graph';
import { opsetOf, type OnnxModel } from './model';
import { describeGraph } from './ports';
import { rewrite, type Replacement } from './rewrite';
import { floatTensor } from './tensors';

/** Before this operator set Softmax spoke of axis 1 where the attribute is missing. */
const LAST_IS_DEFAULT = 13;

/**
 * Softmax of two is the sigmoid of their difference. The runtime's Softmax goes through its input row by row, and a row
 * of two values costs it more than their exponentials; a sigmoid goes through all at once. The differences of both
 * orders come of a product with [[1, -1], [-1, 1]]. Where the graph's output of that name says that its rows are two.
 *
 * @returns the model itself where there is no such output
 */
export function pairSoftmax(model: OnnxModel): OnnxModel {
  const { outputs } = describeGraph(model);
  const ofPairs = outputs.filter(({ shape }) => shape?.at(-1) === 2);
  return rewrite(model, view =>
    ofPairs.flatMap(({ name, shape }) => {
      const softmax = view.producers.get(name);
      return softmax?.opType === 'Softmax' && isLast(view, softmax, shape!.length) ? [pair(softmax)] : [];
    })
  );
}

function isLast(view: GraphView, softmax: NodeProto, rank: number): boolean {
  const axis = integer(softmax, 'axis', opsetOf(view.model) >= LAST_IS_DEFAULT ? -1 : 1);
  return rank > 1 && (axis === -1 || axis === rank - 1);
}

function pair(softmax: NodeProto): Replacement {
  const [output] = softmax.output;
  const orders = floatTensor(`${output}.orders`, [2, 2], Float32Array.of(1, -1, -1, 1));
  const difference = `${output}.difference`;
  const nodes = [node('MatMul', [softmax.input[0], orders.name], [difference]), node('Sigmoid', [difference], [output])];
  return { nodes: new Map([[softmax, nodes]]), constants: [orders] };
}
