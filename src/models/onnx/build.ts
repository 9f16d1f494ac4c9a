import { create, type Message } from '@bufbuild/protobuf';
import { toAttribute, type AttributeValue } from './attributes';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto
} from './generated/onnx_pb';
import { isStandard, type OnnxModel } from './model';
import { FLOAT } from './tensors';

/** A dimension that is not known until a run has the name of its symbol. */
export type Dimension = number | string;

/** The operator set graphs are written in here: the oldest that has all we use (ScatterElements that adds is of 16). */
export const OPSET = 17;
/** The file format that came with it. */
export const IR_VERSION = 8;

export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Record<string, AttributeValue> = {}
): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => toAttribute(name, value));
  return create(NodeProtoSchema, { opType, name: output[0], input: [...input], output: [...output], attribute });
}

/** An input or output of a graph; float32 unless said otherwise. */
export function port(name: string, shape?: readonly Dimension[], elemType: number = FLOAT): ValueInfoProto {
  const dim = shape?.map(n =>
    typeof n === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(n) } }
      : { value: { case: 'dimParam' as const, value: n } }
  );
  const type = create(TypeProtoSchema, { value: { case: 'tensorType', value: { elemType, shape: dim && { dim } } } });
  return create(ValueInfoProtoSchema, { name, type });
}

export interface GraphParts {
  name: string;
  nodes: readonly NodeProto[];
  inputs: readonly ValueInfoProto[];
  outputs: readonly ValueInfoProto[];
  initialisers: readonly TensorProto[];
}

/** A model of one graph in operator set `opset`. */
export function model(parts: GraphParts, opset: number = OPSET, irVersion: number = IR_VERSION): OnnxModel {
  return create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    producerName: 'veilbook',
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    graph: create(GraphProtoSchema, {
      name: parts.name,
      node: [...parts.nodes],
      input: [...parts.inputs],
      output: [...parts.outputs],
      initializer: [...parts.initialisers]
    })
  }) as OnnxModel;
}

/** The parts of a graph that a change of it may replace. */
export type GraphChange = Partial<Pick<GraphProto, 'name' | 'node' | 'input' | 'output' | 'initializer' | 'valueInfo'>>;

/**
 * A model with another graph; what is not named in `change` stays, and so does the original.
 * @param opset of the new graph, where it is another
 */
export function withGraph(original: OnnxModel, change: GraphChange, opset?: number): OnnxModel {
  const { graph, opsetImport, irVersion } = original;
  const changed = create(ModelProtoSchema, {
    ...fieldsOf(original),
    graph: create(GraphProtoSchema, { ...fieldsOf(graph), ...change })
  });
  if (opset !== undefined) {
    changed.irVersion = irVersion > IR_VERSION ? irVersion : BigInt(IR_VERSION);
    changed.opsetImport = [
      ...opsetImport.filter(set => !isStandard(set)),
      create(OperatorSetIdProtoSchema, { version: BigInt(opset) })
    ];
  }
  return changed as OnnxModel;
}

/** The same model with these words in the place of what it said of itself. */
export function withMetadata(original: OnnxModel, words: Record<string, string>): OnnxModel {
  const metadataProps = Object.entries(words).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
  return create(ModelProtoSchema, { ...fieldsOf(original), metadataProps }) as OnnxModel;
}

/** Only what is set: a message's defaults live in its prototype, which a copy by fields has not. */
function fieldsOf<T extends Message>({ $typeName: _, ...fields }: T): Omit<T, '$typeName'> {
  return fields;
}
