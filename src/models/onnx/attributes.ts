import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type AttributeProto,
  type NodeProto,
  type TensorProto
} from './generated/onnx_pb';

const { FLOAT, INT, INTS, STRING, TENSOR } = AttributeProto_AttributeType;

/** What a node's attribute may be given as: whole numbers become INT(S), `{ float }` becomes FLOAT. */
export type AttributeValue = number | readonly number[] | string | { float: number } | TensorProto;

export function attribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find(candidate => candidate.name === name);
}

export function integer(node: NodeProto, name: string, otherwise: number): number {
  const found = attribute(node, name);
  return found ? Number(found.i) : otherwise;
}

export function float(node: NodeProto, name: string, otherwise: number): number {
  return attribute(node, name)?.f ?? otherwise;
}

export function integers(node: NodeProto, name: string): number[] | undefined {
  return attribute(node, name)?.ints.map(Number);
}

export function text(node: NodeProto, name: string, otherwise: string): string {
  const found = attribute(node, name);
  return found ? new TextDecoder().decode(found.s) : otherwise;
}

export function toAttribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) });
  }
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: STRING, s: new TextEncoder().encode(value) });
  }
  if ('float' in value) {
    return create(AttributeProtoSchema, { name, type: FLOAT, f: value.float });
  }
  if ('$typeName' in value) {
    return create(AttributeProtoSchema, { name, type: TENSOR, t: value });
  }
  return create(AttributeProtoSchema, { name, type: INTS, ints: value.map(BigInt) });
}
