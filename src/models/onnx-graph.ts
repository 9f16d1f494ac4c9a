import { VeilError } from '../protocol';

/** An input or output of a graph; a symbolic dimension is null. */
export interface GraphPort {
  name: string;
  shape: (number | null)[] | null;
}

export interface OnnxGraph {
  inputs: GraphPort[];
  outputs: GraphPort[];
  /** Values in all float initialisers. */
  parameters: number;
}

/** Field numbers of onnx.proto3 (github.com/onnx/onnx/blob/main/onnx/onnx.proto). */
const MODEL_GRAPH = 7;
const GRAPH = { initializer: 5, input: 11, output: 12 };
const TENSOR = { dims: 1, dataType: 2, name: 8 };
const VALUE = { name: 1, type: 2, tensorType: 1, shape: 2, dim: 1, dimValue: 1 };
/** float, float16, double, bfloat16 of TensorProto.DataType: weights; integers are shapes and axes. */
const FLOAT_TYPES = [1, 10, 11, 16];

/**
 * Read what an ONNX file says about itself: ports and number of weights. Weights stay where they are.
 * @throws VeilError `model_mismatch` when the bytes are not an ONNX model
 */
export function readOnnxGraph(bytes: Uint8Array, file: string): OnnxGraph {
  try {
    const graph = [...fields(bytes)].find(field => field.number === MODEL_GRAPH);
    return readGraph(asBytes(graph));
  } catch {
    throw new VeilError(
      'model_mismatch',
      `${file} is not an ONNX model. Nothing was run.`,
      'Copy the file again, or export it anew.'
    );
  }
}

function readGraph(bytes: Uint8Array): OnnxGraph {
  const inputs: GraphPort[] = [];
  const outputs: GraphPort[] = [];
  const initialisers = new Set<string>();
  let parameters = 0;
  for (const field of fields(bytes)) {
    if (field.number === GRAPH.initializer) {
      const { name, values } = readInitialiser(asBytes(field));
      initialisers.add(name);
      parameters += values;
    } else if (field.number === GRAPH.input) {
      inputs.push(readPort(asBytes(field)));
    } else if (field.number === GRAPH.output) {
      outputs.push(readPort(asBytes(field)));
    }
  }
  // Old exporters list the initialisers among the inputs.
  return { inputs: inputs.filter(({ name }) => !initialisers.has(name)), outputs, parameters };
}

function readInitialiser(bytes: Uint8Array): { name: string; values: number } {
  let name = '';
  let values = 1;
  let float = false;
  for (const field of fields(bytes)) {
    if (field.number === TENSOR.name) {
      name = asText(field);
    } else if (field.number === TENSOR.dataType) {
      float = FLOAT_TYPES.includes(asNumber(field));
    } else if (field.number === TENSOR.dims) {
      // proto3 packs repeated numbers; exporters differ.
      values *= typeof field.value === 'number' ? field.value : packed(field.value).reduce((product, n) => product * n, 1);
    }
  }
  return { name, values: float ? values : 0 };
}

function readPort(bytes: Uint8Array): GraphPort {
  let name = '';
  let shape: (number | null)[] | null = null;
  for (const field of fields(bytes)) {
    if (field.number === VALUE.name) {
      name = asText(field);
    } else if (field.number === VALUE.type) {
      shape = readShape(asBytes(field));
    }
  }
  return { name, shape };
}

function readShape(type: Uint8Array): (number | null)[] | null {
  const tensor = [...fields(type)].find(({ number }) => number === VALUE.tensorType);
  const shape = tensor && [...fields(asBytes(tensor))].find(({ number }) => number === VALUE.shape);
  if (!shape) {
    return null;
  }
  return [...fields(asBytes(shape))]
    .filter(({ number }) => number === VALUE.dim)
    .map(dim => {
      const value = [...fields(asBytes(dim))].find(({ number }) => number === VALUE.dimValue);
      return value ? asNumber(value) : null;
    });
}

interface Field {
  number: number;
  value: number | Uint8Array;
}

/** The fields of one protobuf message (protobuf.dev/programming-guides/encoding); fixed-width values come as bytes. */
function* fields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  while (at < bytes.length) {
    const [key, afterKey] = varint(bytes, at);
    const number = Math.floor(key / 8);
    const kind = key % 8;
    if (kind === 0) {
      const [value, next] = varint(bytes, afterKey);
      yield { number, value };
      at = next;
      continue;
    }
    const [length, start] = kind === 2 ? varint(bytes, afterKey) : [FIXED_BYTES[kind] ?? NaN, afterKey];
    if (!(start + length <= bytes.length)) {
      throw new RangeError('field beyond its message');
    }
    yield { number, value: bytes.subarray(start, start + length) };
    at = start + length;
  }
}

const FIXED_BYTES: Record<number, number> = { 1: 8, 5: 4 };

/** A base-128 number and the offset behind it. Exact to 2^53; negative 64-bit numbers, which no field here has, are not. */
function varint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) {
      break;
    }
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) {
      return [value, at + i + 1];
    }
  }
  throw new RangeError('number without end');
}

function packed(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const [value, next] = varint(bytes, at);
    numbers.push(value);
    at = next;
  }
  return numbers;
}

function asBytes(field: Field | undefined): Uint8Array {
  if (!(field?.value instanceof Uint8Array)) {
    throw new TypeError('not a message');
  }
  return field.value;
}

function asNumber({ value }: Field): number {
  if (typeof value !== 'number') {
    throw new TypeError('not a number');
  }
  return value;
}

function asText(field: Field): string {
  return new TextDecoder().decode(asBytes(field));
}
