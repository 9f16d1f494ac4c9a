import type { ServerTensor } from '../../../src/egress/kserve';

/** A tail so small that its outputs can be written down: of [N,2,4,4] it makes loc = 2a as [N,8,4] and conf = a + 1 as [N,16,2]. */
export const VALUES = 32;

export const METADATA = {
  name: 'tail',
  versions: ['1'],
  platform: 'onnxruntime_onnx',
  inputs: [{ name: 'activation', datatype: 'FP32', shape: [-1, 2, 4, 4] }],
  outputs: [
    { name: 'loc', datatype: 'FP32', shape: [-1, 8, 4] },
    { name: 'conf', datatype: 'FP32', shape: [-1, 16, 2] }
  ]
};
export const PARAMETERS = { tail_sha256: 'c0ffee' };

export function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

export function floatsOf(data: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(data).buffer);
}

/** Run the tail on one activation. */
export function tail(data: Uint8Array, batch: number): ServerTensor[] {
  const values = floatsOf(data);
  return [
    { name: 'loc', datatype: 'FP32', shape: [batch, 8, 4], data: bytesOf(values.map(each => 2 * each)) },
    { name: 'conf', datatype: 'FP32', shape: [batch, 16, 2], data: bytesOf(values.map(each => each + 1)) }
  ];
}

/** An activation whose values all differ, and differ between seeds. */
export function activation(seed = 0, batch = 1): ServerTensor {
  const values = Float32Array.from({ length: batch * VALUES }, (_, k) => seed + k / 64);
  return { name: 'activation', datatype: 'FP32', shape: [batch, 2, 4, 4], data: bytesOf(values) };
}
