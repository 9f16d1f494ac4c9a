import { TensorProto_DataType, type ValueInfoProto } from './generated/onnx_pb';
import { GraphView } from './graph';
import { readOnnx, type OnnxModel } from './model';
import { dimsOf, elements } from './tensors';

/** An input or output of a graph; a symbolic dimension is null, a shape the file does not give too. */
export interface GraphPort {
  name: string;
  shape: (number | null)[] | null;
}

/** What an ONNX file says about itself. */
export interface OnnxGraph {
  inputs: GraphPort[];
  outputs: GraphPort[];
  /** Values in all float initialisers. */
  parameters: number;
}

/** Weights; integers are shapes and axes. */
const FLOAT_TYPES: number[] = [
  TensorProto_DataType.FLOAT,
  TensorProto_DataType.FLOAT16,
  TensorProto_DataType.DOUBLE,
  TensorProto_DataType.BFLOAT16
];

/** @throws VeilError `model_mismatch` when the bytes are not an ONNX model */
export function readOnnxGraph(bytes: Uint8Array, file: string): OnnxGraph {
  return describeGraph(readOnnx(bytes, file));
}

export function describeGraph(model: OnnxModel): OnnxGraph {
  const view = new GraphView(model);
  const { input, output } = model.graph;
  return {
    inputs: input.filter(({ name }) => view.inputs.includes(name)).map(toPort),
    outputs: output.map(toPort),
    parameters: parametersOf(view, [...view.initialisers.keys()])
  };
}

/** Float values in the initialisers of these names; each name counts once. */
export function parametersOf(view: GraphView, names: readonly string[]): number {
  return [...new Set(names)]
    .flatMap(name => view.initialisers.get(name) ?? [])
    .filter(({ dataType }) => FLOAT_TYPES.includes(dataType))
    .reduce((sum, tensor) => sum + elements(dimsOf(tensor)), 0);
}

function toPort({ name, type }: ValueInfoProto): GraphPort {
  const dims = type?.value.case === 'tensorType' ? type.value.value.shape?.dim : undefined;
  return { name, shape: dims?.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : null)) ?? null };
}
