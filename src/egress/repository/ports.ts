import { clone } from '@bufbuild/protobuf';
import { type OnnxModel } from '../../models/onnx';
import { node, port, withGraph, type Dimension } from '../../models/onnx/build';
import {
  NodeProtoSchema,
  TensorProto_DataType,
  ValueInfoProtoSchema,
  type NodeProto,
  type ValueInfoProto
} from '../../models/onnx/generated/onnx_pb';
import { readsOf } from '../../models/onnx/graph';
import { FLOAT, floatTensor } from '../../models/onnx/tensors';
import { VeilError } from '../../protocol';

const CODES = 'activation of codes';

/**
 * The same graph with other names of its tensors.
 * @throws VeilError `model_mismatch` when a tensor inside has such a name, or a branch or loop reads one of them
 */
export function renamed(model: OnnxModel, names: ReadonlyMap<string, string>): OnnxModel {
  const { graph } = model;
  refuseTaken(model, [...names.values()]);
  const call = (name: string) => names.get(name) ?? name;
  const called = (info: ValueInfoProto) => {
    const copy = clone(ValueInfoProtoSchema, info);
    copy.name = call(info.name);
    return copy;
  };
  const rewired = (old: NodeProto) => {
    if (![...readsOf(old), ...old.output].some(name => names.has(name))) {
      return old;
    }
    refuseInner(old, names);
    const copy = clone(NodeProtoSchema, old);
    copy.input = old.input.map(call);
    copy.output = old.output.map(call);
    return copy;
  };
  return withGraph(model, {
    node: graph.node.map(rewired),
    input: graph.input.map(called),
    output: graph.output.map(called),
    valueInfo: []
  });
}

/**
 * The same graph with int16 codes on the wire: its input, under the same name, is multiplied by the step of the grid
 * that noisy activations lie on. A power of two times a whole number below 2^24 is exact in float32, so the graph gets
 * the very floats that the codes stand for.
 * @param shape of the input, batch axis first
 */
export function takingCodes(model: OnnxModel, input: string, shape: readonly Dimension[], step: number): OnnxModel {
  const { graph } = renamed(model, new Map([[input, CODES]]));
  const whole = `${CODES} as floats`;
  const factor = `${CODES} step`;
  return withGraph(model, {
    ...graph,
    node: [node('Cast', [input], [whole], { to: FLOAT }), node('Mul', [whole, factor], [CODES]), ...graph.node],
    input: graph.input.map(given => (given.name === CODES ? port(input, shape, TensorProto_DataType.INT16) : given)),
    initializer: [...graph.initializer, floatTensor(factor, [], Float32Array.of(step))]
  });
}

function refuseTaken({ graph }: OnnxModel, wanted: readonly string[]): void {
  const tensors = [...graph.node.flatMap(({ output }) => output), ...graph.initializer.map(({ name }) => name)];
  const taken = wanted.find(name => tensors.includes(name));
  if (taken !== undefined) {
    const what = `The tail has a tensor ${taken} inside. Nothing was written.`;
    throw new VeilError('model_mismatch', what, 'Leave --names out, or export the tail with other names inside.');
  }
}

function refuseInner(old: NodeProto, names: ReadonlyMap<string, string>): void {
  const inner = readsOf(old).find(name => names.has(name) && !old.input.includes(name));
  if (inner !== undefined) {
    const what = `${old.opType} ${old.output[0]} reads ${inner} inside a graph of its own`;
    throw new VeilError('model_mismatch', `${what}. Nothing was written.`, 'Export the tail without branches and loops.');
  }
}
