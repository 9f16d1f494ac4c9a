import { clone } from '@bufbuild/protobuf';
import { integer } from './attributes';
import { ModelProtoSchema, type NodeProto, type TensorProto } from './generated/onnx_pb';
import { GraphView, readsOf } from './graph';
import type { OnnxModel } from './model';
import { dimsOf, elements, floatsOf, floatTensor } from './tensors';

/**
 * Below so many multiplications an output value, doing them again with the sign turned is cheaper than to walk three
 * times through the memory of the outputs.
 */
const MOST_MULTIPLICATIONS = 256;

/** Conv -> [x, -x] -> Relu: "CReLU" (Shang et al. 2016, arXiv:1603.05201). */
interface Crelu {
  conv: NodeProto;
  negation: NodeProto;
  concatenation: NodeProto;
}

/**
 * Replace `Relu(Concat(Conv(x), -Conv(x)))` by `Relu` of one convolution with the weights [w; -w]: the runtime fuses that
 * Relu, and negation and concatenation walk through no memory. Turning the sign of every factor turns that of the sum
 * and nothing else, so outputs stay the same to the last bit. Only where the convolution is small.
 *
 * @returns the model itself where there is nothing to fold
 */
export function foldCrelu(model: OnnxModel): OnnxModel {
  if (findCrelus(model).length === 0) {
    return model;
  }
  const folded = clone(ModelProtoSchema, model) as OnnxModel;
  const { graph } = folded;
  const view = new GraphView(folded);
  for (const { conv, negation, concatenation } of findCrelus(folded)) {
    const [data, ...parameters] = conv.input;
    const doubled = parameters.map(name => mirror(view.constant(name) as TensorProto, `${concatenation.output[0]}.${name}`));
    graph.initializer.push(...doubled);
    conv.input = [data, ...doubled.map(({ name }) => name)];
    conv.output = concatenation.output;
    graph.node = graph.node.filter(node => node !== negation && node !== concatenation);
  }
  const read = new Set(graph.node.flatMap(readsOf));
  graph.initializer = graph.initializer.filter(({ name }) => read.has(name));
  // Shapes of tensors in between, which nobody needs, speak of what is gone.
  graph.valueInfo = [];
  return folded;
}

function findCrelus(model: OnnxModel): Crelu[] {
  const view = new GraphView(model);
  return model.graph.node.flatMap(conv => match(view, conv) ?? []);
}

function match(view: GraphView, conv: NodeProto): Crelu | undefined {
  const weights = conv.opType === 'Conv' ? view.constant(conv.input[1]) : undefined;
  const isSmall = weights && elements(dimsOf(weights).slice(1)) <= MOST_MULTIPLICATIONS;
  const isKnown = conv.input.slice(1).every(name => view.constant(name));
  if (!isSmall || !isKnown || integer(conv, 'group', 1) !== 1) {
    return undefined;
  }
  const [output] = conv.output;
  const readers = view.consumers.get(output) ?? [];
  const negation = readers.find(({ opType }) => opType === 'Neg');
  const concatenation = readers.find(({ opType }) => opType === 'Concat');
  const isWhole =
    negation &&
    concatenation &&
    readers.length === 2 &&
    concatenation.input.join() === [output, negation.output[0]].join() &&
    integer(concatenation, 'axis', 0) === 1 &&
    isOnlyRead(view, negation.output[0], 'Concat') &&
    isOnlyRead(view, concatenation.output[0], 'Relu') &&
    !view.outputs.includes(output);
  return isWhole ? { conv, negation, concatenation } : undefined;
}

function isOnlyRead(view: GraphView, name: string, by: string): boolean {
  const readers = view.consumers.get(name) ?? [];
  return readers.length === 1 && readers[0].opType === by && !view.outputs.includes(name);
}

/** [t; -t] along the first axis. */
function mirror(tensor: TensorProto, name: string): TensorProto {
  const [first, ...rest] = dimsOf(tensor);
  const values = floatsOf(tensor);
  const both = new Float32Array(2 * values.length);
  both.set(values);
  both.set(
    values.map(value => -value),
    values.length
  );
  return floatTensor(name, [2 * first, ...rest], both);
}
