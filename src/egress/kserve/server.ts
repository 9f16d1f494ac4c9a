import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { VeilError } from '../../protocol';
import { destinationOf, type TailAddress } from './address';
import { answerBytes, checkAnswer, outputsFor, type WireTensor } from './answer';
import { checkHeaders, dial, type ConnectionOptions } from './connection';
import { cancelled, mismatch, ServerFailure, timedOut } from './failures';
import { GrpcWire } from './grpc-wire';
import { HttpWire } from './http-wire';
import { Lanes, type Traffic } from './lanes';
import {
  compareMetadata,
  compareParameters,
  type Expectation,
  type ModelMetadata,
  type ModelSettings,
  type ModelStatistics
} from './metadata';
import { byteLengthOf, type ServerTensor } from './tensors';
import type { Question, Wire } from './wire';

/** What one exchange took, all of its attempts together. */
export interface Exchange {
  /** Bytes on the socket before TLS, with the heads of requests and replies. */
  bytes_sent: number;
  bytes_received: number;
  /** Of the reply's body (HTTP) or message (gRPC), hexadecimal. */
  sha256: string;
  ms: number;
  attempts: number;
}

export interface Inference {
  /** By name; each has memory of its own, at a multiple of 8 bytes. */
  outputs: Record<string, WireTensor>;
  /** Of the model that answered. */
  version: string;
  exchange: Exchange;
}

/** Milliseconds before the second attempt, the third, …; after the last the failure stands. */
const PAUSES = [100, 400];

/**
 * One model of one server that speaks KServe v2. Every connection is asked first whether server and model are live and
 * ready, and whether the model is the one that was expected: no tensor goes over a connection before.
 */
export class ModelServer {
  private readonly server: string;
  private readonly lanes: Lanes;
  private described: ModelMetadata | null = null;
  private expectation: Expectation | null = null;

  private constructor(
    readonly address: TailAddress,
    private readonly options: ConnectionOptions
  ) {
    this.server = destinationOf(address);
    const headers = checkHeaders(options.headers);
    this.lanes = new Lanes(
      async signal => {
        const socket = await dial(address, options, signal);
        return address.scheme === 'grpc' ? new GrpcWire(address, socket, headers) : new HttpWire(address, socket, headers);
      },
      (wire, signal) => this.greet(wire, signal),
      options.maxInFlight ?? 8
    );
  }

  /** @throws ServerFailure; VeilError `bad_request` for headers or certificates that cannot be used */
  static async connect(address: TailAddress, options: ConnectionOptions = {}, signal?: AbortSignal): Promise<ModelServer> {
    const server = new ModelServer(address, options);
    await server.bounded(signal, signal => server.lanes.use(signal, async () => undefined));
    return server;
  }

  /** What the server says of its model. */
  get metadata(): { inputs: ModelMetadata['inputs']; outputs: ModelMetadata['outputs']; platform: string; versions: string[] } {
    const { inputs = [], outputs = [], platform = '', versions = [] } = this.described ?? {};
    return { inputs, outputs, platform, versions };
  }

  /** Every byte on every connection so far, checks and statistics included; before TLS. */
  get traffic(): Traffic {
    return this.lanes.traffic;
  }

  /**
   * Hold the model against what the caller relies on, now and on each new connection.
   * @throws ServerFailure `server_mismatch` naming input, output or parameter
   */
  async expect(expectation: Expectation, until?: AbortSignal): Promise<void> {
    compareMetadata(this.server, this.described!, expectation);
    if (expectation.parameters) {
      await this.bounded(until, signal =>
        this.lanes.use(signal, async wire => compareParameters(this.server, await wire.settings(signal), expectation))
      );
    }
    this.expectation = expectation;
  }

  /**
   * Send tensors and wait for the outputs that are wanted. The same bytes are sent again, at most twice, where the server
   * could not be reached, closed the connection before the first byte of an answer, or said that it was not ready (429, 503):
   * a tail is a function of its input, and the same obfuscated tensor is one look however often the same server sees it.
   * Nothing is sent again after a byte of an answer, after the deadline, or to a server that answered something wrong.
   * @param inputs the first axis of the first is the batch; not to be changed before the promise settles
   * @throws ServerFailure with the bytes that went; VeilError `bad_tensor` for a tensor of another size than its shape
   */
  async infer(inputs: readonly ServerTensor[], wanted: readonly string[], signal?: AbortSignal): Promise<Inference> {
    const expected = this.expectedOutputs(inputs, wanted);
    const question: Question = { id: randomUUID(), inputs, wanted, most: answerBytes(expected) };
    const began = performance.now();
    const spent = { bytes_sent: 0, bytes_received: 0, attempts: 0 };
    const attempt = (bound: AbortSignal) =>
      this.lanes.use(bound, async wire => {
        const before = wire.bytes;
        spent.attempts++;
        try {
          const answer = await wire.infer(question, bound);
          return { answer, outputs: checkAnswer(this.server, answer, question, this.address, expected) };
        } finally {
          spent.bytes_sent += wire.bytes.sent - before.sent;
          spent.bytes_received += wire.bytes.received - before.received;
        }
      });
    try {
      const { answer, outputs } = await this.bounded(signal, bound => again(attempt, bound));
      const exchange = { ...spent, sha256: answer.sha256, ms: performance.now() - began };
      return { outputs, version: answer.version, exchange };
    } catch (thrown) {
      throw thrown instanceof ServerFailure ? Object.assign(thrown, spent) : thrown;
    }
  }

  /** What is read of the model's configuration: the parameters of an export. */
  settings(): Promise<ModelSettings> {
    return this.bounded(undefined, signal => this.lanes.use(signal, wire => wire.settings(signal)));
  }

  statistics(): Promise<ModelStatistics> {
    return this.bounded(undefined, signal => this.lanes.use(signal, wire => wire.statistics(signal)));
  }

  /** Close the connections: those in use when their exchange ends. */
  async close(): Promise<void> {
    this.lanes.close();
  }

  private async greet(wire: Wire, signal: AbortSignal): Promise<void> {
    const found = await wire.metadata(signal);
    const { model, version } = this.address;
    if (found.name !== model || (version !== null && found.versions && !found.versions.includes(version))) {
      throw mismatch(this.server, 'describes another model or version than the one that was asked for');
    }
    if (this.described && !samePorts(this.described, found)) {
      throw mismatch(this.server, 'describes its model otherwise than before');
    }
    if (this.expectation?.parameters) {
      compareParameters(this.server, await wire.settings(signal), this.expectation);
    }
    this.described ??= found;
  }

  private expectedOutputs(inputs: readonly ServerTensor[], wanted: readonly string[]) {
    const small = inputs.find(({ data, ...port }) => data.length !== byteLengthOf(port));
    if (small || inputs.length === 0) {
      const message = small
        ? `Tensor "${small.name}" has other bytes than its shape and type. Nothing was sent.`
        : 'There is no tensor to send.';
      throw new VeilError('bad_tensor', message, 'Give each tensor with its shape, its type and all of its bytes.');
    }
    const { metadata } = this;
    const outputs = wanted.map(name => ({ datatype: '', shape: [], ...metadata.outputs.find(port => port.name === name), name }));
    compareMetadata(this.server, { name: '', ...metadata }, { inputs, outputs });
    const narrowed = metadata.outputs.map(port => this.expectation?.outputs.find(({ name }) => name === port.name) ?? port);
    return outputsFor(narrowed, wanted, inputs[0].shape[0] ?? 1);
  }

  /** Run until the deadline or the caller's signal. */
  private async bounded<T>(signal: AbortSignal | undefined, run: (bound: AbortSignal) => Promise<T>): Promise<T> {
    const { deadlineMs = 30000 } = this.options;
    const bound = new AbortController();
    const late = setTimeout(() => bound.abort(timedOut(this.server, deadlineMs)), deadlineMs);
    const leave = () => bound.abort(cancelled(this.server));
    signal?.addEventListener('abort', leave, { once: true });
    try {
      if (signal?.aborted) {
        leave();
      }
      return await run(bound.signal);
    } catch (thrown) {
      throw VeilError.from(bound.signal.aborted ? bound.signal.reason : thrown);
    } finally {
      clearTimeout(late);
      signal?.removeEventListener('abort', leave);
    }
  }
}

async function again<T>(attempt: (bound: AbortSignal) => Promise<T>, bound: AbortSignal): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(bound);
    } catch (thrown) {
      if (!(thrown instanceof ServerFailure) || !thrown.again || tries >= PAUSES.length) {
        throw thrown;
      }
      await pause(PAUSES[tries], undefined, { signal: bound });
    }
  }
}

function samePorts(one: ModelMetadata, other: ModelMetadata): boolean {
  return JSON.stringify([one.inputs, one.outputs]) === JSON.stringify([other.inputs, other.outputs]);
}
