import { integer } from './attributes';
import { node } from './build';
import type { NodeProto } from './generated/onnx_pb';
import type { GraphView } from './graph';
import { onlyReader } from './rewrite';
import { dimsOf } from './tensors';

/** Conv -> [x, -x] -> Relu: "CReLU" (Shang et al. 2016, arXiv:1603.05201); the convolution has no groups and constant weights. */
export interface Crelu {
  conv: NodeProto;
  negation: NodeProto;
  concatenation: NodeProto;
  relu: NodeProto;
  /** Channels of the convolution: half of those of the CReLU. */
  count: number;
}

/** Every CReLU whose parts nobody else reads. */
export function findCrelus(view: GraphView): Crelu[] {
  return view.model.graph.node.flatMap(conv => match(view, conv) ?? []);
}

function match(view: GraphView, conv: NodeProto): Crelu | undefined {
  const isKnown = conv.opType === 'Conv' && conv.input.slice(1).every(name => view.constant(name));
  const [output] = conv.output;
  const readers = view.consumers.get(output) ?? [];
  if (!isKnown || integer(conv, 'group', 1) !== 1 || readers.length !== 2 || view.outputs.includes(output)) {
    return undefined;
  }
  const negation = readers.find(({ opType }) => opType === 'Neg');
  const concatenation = negation && onlyReader(view, negation.output[0], 'Concat');
  const relu = concatenation && onlyReader(view, concatenation.output[0], 'Relu');
  const isWhole =
    relu &&
    readers.includes(concatenation) &&
    concatenation.input.join() === [output, negation.output[0]].join() &&
    integer(concatenation, 'axis', 0) === 1;
  const count = dimsOf(view.constant(conv.input[1])!)[0];
  return isWhole ? { conv, negation, concatenation, relu, count } : undefined;
}

/** A CReLU that is read by one MaxPool alone: the greatest of a window is taken on either side of the Relu with one result. */
export function poolAfter(view: GraphView, { relu }: Crelu): NodeProto | undefined {
  const pool = onlyReader(view, relu.output[0], 'MaxPool');
  return pool?.output.length === 1 ? pool : undefined;
}

export function poolLike(pool: NodeProto, input: string, output: string): NodeProto {
  const other = node('MaxPool', [input], [output]);
  other.attribute = pool.attribute;
  return other;
}
