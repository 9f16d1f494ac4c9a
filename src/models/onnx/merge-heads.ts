import { integer, integers } from './attributes';
import { node } from './build';
import { convLike, parametersOfConv } from './channels';
import type { NodeProto, TensorProto } from './generated/onnx_pb';
import type { GraphView } from './graph';
import { opsetOf, type OnnxModel } from './model';
import { inLanes, onlyReader, rewrite, type Replacement } from './rewrite';
import { dimsOf, floatsOf, floatTensor, integerTensor } from './tensors';

/** Conv -> Transpose: how a detector's head gives its answers. */
interface Head {
  conv: NodeProto;
  transpose: NodeProto;
  count: number;
}

/** Split takes its sizes as an input from this operator set on. */
const SIZES_ARE_INPUT = 13;

/**
 * Compute the heads that read one tensor by the same kernel (boxes and scores of a detector) in one convolution and cut
 * its transposed output: 84 + 42 channels fill 8 blocks of 16, apart they fill 6 + 3. Each output is the same sum in the
 * same order.
 *
 * @returns the model itself where there is nothing to merge, or no block to be saved
 */
export function mergeHeads(model: OnnxModel): OnnxModel {
  return rewrite(model, view => {
    const groups = new Map<string, Head[]>();
    for (const head of model.graph.node.flatMap(conv => match(view, conv) ?? [])) {
      const key = kindOf(view, head);
      groups.set(key, [...(groups.get(key) ?? []), head]);
    }
    return [...groups.values()].filter(savesBlocks).map(heads => merge(view, heads));
  });
}

function match(view: GraphView, conv: NodeProto): Head | undefined {
  const isKnown = conv.opType === 'Conv' && conv.input.length === 3 && conv.input.slice(1).every(name => view.constant(name));
  const transpose = isKnown && integer(conv, 'group', 1) === 1 ? onlyReader(view, conv.output[0], 'Transpose') : undefined;
  return transpose && { conv, transpose, count: dimsOf(view.constant(conv.input[1])!)[0] };
}

/** Heads that agree in this can be one. */
function kindOf(view: GraphView, { conv, transpose }: Head): string {
  const attributes = [...conv.attribute]
    .map(({ name, i, ints, s }) => `${name}=${i},${ints.join()},${new TextDecoder().decode(s)}`)
    .sort();
  const kernel = dimsOf(view.constant(conv.input[1])!).slice(1);
  return [conv.input[0], kernel, integers(transpose, 'perm'), ...attributes].join(' ');
}

function savesBlocks(heads: Head[]): boolean {
  const total = heads.reduce((sum, { count }) => sum + count, 0);
  return inLanes(total) < heads.reduce((sum, { count }) => sum + inLanes(count), 0);
}

function merge(view: GraphView, heads: Head[]): Replacement {
  const [{ conv, transpose }, ...others] = heads;
  const counts = heads.map(({ count }) => count);
  const [weights, biases] = [0, 1].map(i => heads.map(head => parametersOfConv(view, head.conv)[i]));
  const name = (part: string): string => `${transpose.output[0]}.${part}`;
  const parameters = [stack(name('weights'), weights), stack(name('bias'), biases)];
  const sizes = integerTensor(name('sizes'), counts);
  const isInput = opsetOf(view.model) >= SIZES_ARE_INPUT;
  const turned = node('Transpose', [name('merged')], [name('turned')]);
  turned.attribute = transpose.attribute;
  const axis = (integers(transpose, 'perm') ?? [3, 2, 1, 0]).indexOf(1);
  const outputs = heads.map(head => head.transpose.output[0]);
  const split = isInput
    ? node('Split', [turned.output[0], sizes.name], outputs, { axis })
    : node('Split', [turned.output[0]], outputs, { axis, split: counts });
  return {
    nodes: new Map<NodeProto, NodeProto[]>([
      [conv, [convLike(conv, conv.input[0], parameters, name('merged')), turned, split]],
      [transpose, []],
      ...others.flatMap((head): [NodeProto, NodeProto[]][] => [
        [head.conv, []],
        [head.transpose, []]
      ])
    ]),
    constants: isInput ? [...parameters, sizes] : parameters
  };
}

/** One after the other along the first axis. */
function stack(name: string, tensors: readonly TensorProto[]): TensorProto {
  const [, ...rest] = dimsOf(tensors[0]);
  const first = tensors.reduce((sum, tensor) => sum + dimsOf(tensor)[0], 0);
  const values = tensors.map(floatsOf);
  const stacked = new Float32Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of values) {
    stacked.set(part, at);
    at += part.length;
  }
  return floatTensor(name, [first, ...rest], stacked);
}
