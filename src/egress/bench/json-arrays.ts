import { Agent, request } from 'node:http';
import { VeilError } from '../../protocol';
import type { TailAddress } from '../kserve';

/** A tensor as JSON arrays have it. */
export interface JsonTensor {
  name: string;
  shape: readonly number[];
  values: Float32Array;
}

/**
 * What the client does not do, for comparison: KServe v2 with tensors as JSON arrays, on one connection that is kept open.
 * For made-up tensors of a benchmark alone.
 */
export class JsonArrays {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly address: TailAddress) {}

  /** Send float32 tensors, and read the float32 outputs that are wanted. */
  async infer(inputs: readonly JsonTensor[], wanted: readonly string[]): Promise<Float32Array[]> {
    const text = JSON.stringify({
      inputs: inputs.map(({ name, shape, values }) => ({ name, shape, datatype: 'FP32', data: Array.from(values) })),
      outputs: wanted.map(name => ({ name, parameters: { binary_data: false } }))
    });
    const { outputs } = JSON.parse(await this.post(text)) as { outputs: { data: number[] }[] };
    return outputs.map(({ data }) => Float32Array.from(data));
  }

  close(): void {
    this.agent.destroy();
  }

  private post(text: string): Promise<string> {
    const { host, port, model } = this.address;
    const body = Buffer.from(text);
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    return new Promise((resolve, reject) => {
      const fail = () => reject(new VeilError('server_unavailable', 'The server did not answer a request with JSON arrays.', ''));
      const sent = request(
        { agent: this.agent, host, port, method: 'POST', path: `/v2/models/${model}/infer`, headers },
        reply => {
          const parts: Buffer[] = [];
          reply.on('data', part => parts.push(part));
          reply.on('error', fail);
          reply.on('end', () => (reply.statusCode === 200 ? resolve(Buffer.concat(parts).toString('utf8')) : fail()));
        }
      );
      sent.on('error', fail);
      sent.end(body);
    });
  }
}
