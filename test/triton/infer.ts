import { type WireTensor } from '../../src/protocol';

export interface Sent {
  name: string;
  datatype: 'FP32' | 'INT16';
  tensor: { data: ArrayBufferView; shape: readonly number[] };
}

/**
 * One inference over HTTP with the binary tensor extension of KServe v2, written from the protocol and knowing nothing
 * of ours: JSON first, its length in a header, then the tensors. Asks for every output.
 */
export async function infer(http: string, model: string, sent: readonly Sent[]): Promise<Record<string, WireTensor>> {
  const inputs = sent.map(({ name, datatype, tensor }) => {
    return { name, datatype, shape: tensor.shape, parameters: { binary_data_size: tensor.data.byteLength } };
  });
  const head = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  const tensors = sent.map(({ tensor: { data } }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  const answer = await fetch(`http://${http}/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': String(head.length) },
    body: Buffer.concat([head, ...tensors])
  });
  const body = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) {
    throw new Error(`${answer.status}: ${body.toString()}`);
  }
  const length = Number(answer.headers.get('inference-header-content-length'));
  const { outputs } = JSON.parse(body.toString('utf8', 0, length)) as {
    outputs: { name: string; shape: number[]; parameters: { binary_data_size: number } }[];
  };
  let at = length;
  const read = outputs.map(({ name, shape, parameters: { binary_data_size: size } }) => {
    const data = new Float32Array(Uint8Array.from(body.subarray(at, at + size)).buffer);
    at += size;
    return [name, { data, shape }] as const;
  });
  return Object.fromEntries(read);
}
