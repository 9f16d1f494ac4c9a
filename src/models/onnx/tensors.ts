import { create } from '@bufbuild/protobuf';
import { VeilError } from '../../protocol';
import { TensorProto_DataLocation, TensorProto_DataType, TensorProtoSchema, type TensorProto } from './generated/onnx_pb';

export const { FLOAT, INT64 } = TensorProto_DataType;

export function dimsOf(tensor: TensorProto): number[] {
  return tensor.dims.map(Number);
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/**
 * Values of a float32 tensor, row-major, a copy.
 * @throws VeilError `model_mismatch` for another dtype, for weights in a second file, and where values are missing
 */
export function floatsOf(tensor: TensorProto): Float32Array {
  refuse(tensor, FLOAT, 'float32');
  const values = tensor.rawData.length > 0 ? new Float32Array(aligned(tensor)) : Float32Array.from(tensor.floatData);
  return counted(tensor, values);
}

/**
 * Values of an int64 tensor (shapes, axes, pads), as numbers; a copy.
 * @throws VeilError as `floatsOf`, and for a value beyond 2^53
 */
export function integersOf(tensor: TensorProto): number[] {
  refuse(tensor, INT64, 'int64');
  const values = tensor.rawData.length > 0 ? new BigInt64Array(aligned(tensor)) : BigInt64Array.from(tensor.int64Data);
  return Array.from(counted(tensor, values), Number);
}

export function floatTensor(name: string, dims: readonly number[], values: Float32Array): TensorProto {
  return raw(name, FLOAT, dims, values);
}

export function integerTensor(name: string, values: readonly number[], dims: readonly number[] = [values.length]): TensorProto {
  return raw(name, INT64, dims, BigInt64Array.from(values, BigInt));
}

/** Raw data are little-endian by the ONNX standard, and so is every machine Node runs on. */
function raw(name: string, dataType: number, dims: readonly number[], values: Float32Array | BigInt64Array): TensorProto {
  if (values.length !== elements(dims)) {
    throw new RangeError(`${name}: ${values.length} values for [${dims.join(',')}]`);
  }
  const rawData = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
  return create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), rawData });
}

function aligned({ rawData }: TensorProto): ArrayBuffer {
  return Uint8Array.from(rawData).buffer;
}

function refuse(tensor: TensorProto, dataType: number, dtype: string): void {
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    throw unusable(tensor, 'is kept in a second file', 'Save the model as one file (onnx.save without external data).');
  }
  if (tensor.dataType !== dataType) {
    const found = TensorProto_DataType[tensor.dataType]?.toLowerCase() ?? `type ${tensor.dataType}`;
    throw unusable(tensor, `is ${found}, expected ${dtype}`, 'Export the model in float32.');
  }
}

function counted<T extends Float32Array | BigInt64Array>(tensor: TensorProto, values: T): T {
  if (values.length !== elements(dimsOf(tensor))) {
    const wanted = dimsOf(tensor).join(',');
    throw unusable(tensor, `holds ${values.length} values, its shape is [${wanted}]`, 'Export the model anew.');
  }
  return values;
}

const unusable = ({ name }: TensorProto, what: string, remedy: string): VeilError =>
  new VeilError('model_mismatch', `Constant ${name || '(unnamed)'} ${what}. Nothing was run.`, remedy);
