import { create } from '@bufbuild/protobuf';
import { port } from './build';
import { sidesOf } from './cuts';
import { type GraphProto, ModelProtoSchema, GraphProtoSchema, type NodeProto, type ValueInfoProto } from './generated/onnx_pb';
import { readsOf, type GraphView } from './graph';
import { type OnnxModel } from './model';
import { type Shapes } from './probe';

export interface Halves {
  head: OnnxModel;
  tail: OnnxModel;
}

/**
 * Cut a graph in two at a tensor: the head ends in it, the tail begins with it; run one after the other they are the whole.
 * Operator sets, weights and names stay as they are.
 * @throws VeilError `bad_request` when the tensor is not there or no cut
 */
export function splitAt(view: GraphView, shapes: Shapes, tensor: string): Halves {
  const { head, tail } = sidesOf(view, tensor);
  const activation = port(tensor, shapes.get(tensor));
  const { graph } = view.model;
  const inputs = graph.input.filter(({ name }) => view.inputs.includes(name));
  const outputs = graph.output.map(output => port(output.name, shapes.get(output.name), elementType(output)));
  return {
    head: part(view.model, head, inputs, [activation]),
    tail: part(view.model, tail, [activation], outputs)
  };
}

function part(model: OnnxModel, nodes: NodeProto[], input: ValueInfoProto[], output: ValueInfoProto[]): OnnxModel {
  const { graph } = model;
  const reads = new Set(nodes.flatMap(readsOf));
  const { name, sparseInitializer, quantizationAnnotation } = graph;
  const initializer = graph.initializer.filter(tensor => reads.has(tensor.name));
  const half: GraphProto = create(GraphProtoSchema, {
    name,
    node: nodes,
    input,
    output,
    initializer,
    sparseInitializer,
    quantizationAnnotation
  });
  const { irVersion, opsetImport, functions, producerName, producerVersion } = model;
  return create(ModelProtoSchema, { irVersion, opsetImport, functions, producerName, producerVersion, graph: half }) as OnnxModel;
}

function elementType({ type }: ValueInfoProto): number | undefined {
  return type?.value.case === 'tensorType' ? type.value.value.elemType : undefined;
}
