import type { Departure } from '../pipeline/departure';
import type { TailAnswer } from '../pipeline/compute';
import { VeilError, type WireTensor } from '../protocol';
import {
  ModelServer,
  type ConnectionOptions,
  type Exchange,
  type Inference,
  type ServerTensor,
  type TailAddress
} from './kserve';
import { toCodes } from './tensor-codes';

/** What a server's model takes and gives, by the names that it has there. */
interface Ports {
  input: string;
  /** The tail's outputs by their names here. */
  outputs: Record<string, string>;
  /** Values cross as 16-bit codes of the artefact's grid. */
  coded: boolean;
}

/** What a departure has to find on the server: nothing of the tensor itself. */
export type Wanted = Pick<Departure, 'facts' | 'kind'> & {
  alpha: number | null;
  artefact: string | null;
  shape: readonly number[];
};

export function wantedBy(departure: Departure): Wanted {
  const { facts, kind, tensor } = departure;
  const noise = kind === 'obfuscated' ? { alpha: departure.alpha, artefact: departure.artefact.sha256 } : null;
  return { facts, kind, alpha: noise?.alpha ?? null, artefact: noise?.artefact ?? null, shape: tensor.shape };
}

/** A server's model that was held against ours: same head and tail, same artefact, same ALPHA, same ports. */
export class TailServer {
  private constructor(
    private readonly server: ModelServer,
    private readonly ports: Ports,
    private readonly step: number | null
  ) {}

  /**
   * @throws VeilError `server_unavailable`, `server_mismatch` naming what differs, `timed_out`
   */
  static async open(address: TailAddress, wanted: Wanted, options: ConnectionOptions, signal: AbortSignal): Promise<TailServer> {
    const server = await ModelServer.connect(address, options, signal);
    try {
      const ports = portsOf(server, wanted);
      const { facts, shape } = wanted;
      await server.expect(
        {
          inputs: [{ name: ports.input, datatype: ports.coded ? 'INT16' : 'FP32', shape }],
          outputs: Object.entries(facts.ports).map(([name, port]) => ({
            name: ports.outputs[name],
            datatype: 'FP32',
            shape: [1, ...port.shape]
          })),
          parameters: parametersOf(wanted, ports.coded)
        },
        signal
      );
      return new TailServer(server, ports, facts.step);
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  get address(): TailAddress {
    return this.server.address;
  }

  /** The bytes that would cross: little-endian, row-major. */
  encode({ tensor }: Departure): ServerTensor {
    const { data, shape } = tensor;
    const values = data as Float32Array;
    return this.ports.coded
      ? { name: this.ports.input, datatype: 'INT16', shape, data: toCodes(values, this.step!) }
      : {
          name: this.ports.input,
          datatype: 'FP32',
          shape,
          data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
        };
  }

  /** @throws VeilError as `ModelServer.infer` */
  async run(tensor: ServerTensor, signal?: AbortSignal): Promise<{ answer: TailAnswer; version: string; exchange: Exchange }> {
    const { outputs, version, exchange } = await this.server.infer([tensor], Object.values(this.ports.outputs), signal);
    const answer = Object.fromEntries(
      Object.entries(this.ports.outputs).map(([here, there]) => [here, floatsOf(outputs[there])])
    );
    return { answer, version, exchange };
  }

  close(): Promise<void> {
    return this.server.close();
  }
}

/** FP32, as `TailServer.open` had it promised; at a multiple of 4 bytes, as `Inference` says. */
function floatsOf({ data, shape }: Inference['outputs'][string]): WireTensor {
  return { data: new Float32Array(data.buffer as ArrayBuffer, data.byteOffset, data.length / 4), shape: [...shape] };
}

/** Names are read from the server: those of our graph, or INPUT__0, OUTPUT__0, … of an export for the report's clients. */
function portsOf({ metadata, address }: ModelServer, { facts }: Wanted): Ports {
  const asInGraph = metadata.inputs.some(({ name }) => name === facts.input);
  const input = asInGraph ? facts.input : 'INPUT__0';
  const found = metadata.inputs.find(({ name }) => name === input);
  if (!found) {
    throw new VeilError(
      'server_mismatch',
      `Model ${address.model} of the server has no input ${facts.input}. Nothing was sent.`,
      'Export it again: veilbook export triton.'
    );
  }
  const outputs = Object.entries(facts.ports).map(([name, port], i) => [name, asInGraph ? port.name : `OUTPUT__${i}`]);
  return { input, outputs: Object.fromEntries(outputs), coded: found.datatype === 'INT16' };
}

/** What `veilbook export triton` wrote into the model's configuration. */
function parametersOf({ facts, alpha, artefact }: Wanted, coded: boolean): Record<string, string> {
  const { head_sha256, tail_sha256 } = facts.model;
  return {
    head_sha256,
    tail_sha256,
    ...(alpha === null ? { side: 'clean tail' } : { alpha: String(alpha), artefact_sha256: artefact! }),
    ...(coded && { input_step: String(facts.step) })
  };
}
