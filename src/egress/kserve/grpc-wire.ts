import { create, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { hash } from 'node:crypto';
import { connect, type ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { destinationOf, type TailAddress } from './address';
import { lost, ServerFailure, unreachable } from './failures';
import * as messages from './generated/inference_pb';
import { call } from './grpc-call';
import { readInferResponse, readMessage, statisticsDocument, writeInferRequest } from './grpc-messages';
import { ModelMetadata, ModelSettings, ModelStatistics, readDocument } from './metadata';
import { DOCUMENT_BYTES, SMALL_BYTES, type Answer, type Question, type Wire } from './wire';

/** Bytes that the server may send before they are read: an answer does not wait for windows. */
const WINDOW = 16 << 20;

/**
 * KServe v2 over gRPC, on an HTTP/2 session that carries one call at a time. Calls are made on node:http2 itself: nothing
 * sends a call again, follows a proxy of the environment or asks the name service for settings, and each byte is counted.
 */
export class GrpcWire implements Wire {
  private readonly session: ClientHttp2Session;
  private readonly server: string;
  private broken: unknown = null;

  constructor(
    private readonly address: TailAddress,
    private readonly socket: Socket,
    private readonly headers: Record<string, string>
  ) {
    this.server = destinationOf(address);
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    this.session = connect(`${address.tls ? 'https' : 'http'}://${host}:${address.port}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: WINDOW },
      maxSessionMemory: 64
    });
    this.session.on('connect', () => this.session.setLocalWindowSize(WINDOW));
    this.session.on('error', thrown => (this.broken = thrown));
    this.session.on('goaway', () => this.session.close());
    socket.on('error', () => undefined);
  }

  get alive(): boolean {
    return !this.broken && !this.session.closed && !this.session.destroyed && !this.socket.destroyed;
  }

  get bytes(): { sent: number; received: number } {
    return { sent: this.socket.bytesWritten, received: this.socket.bytesRead };
  }

  async metadata(signal: AbortSignal): Promise<ModelMetadata> {
    const { live } = await this.ask(
      'ServerLive',
      messages.ServerLiveRequestSchema,
      {},
      messages.ServerLiveResponseSchema,
      signal
    );
    const { ready } = await this.ask(
      'ServerReady',
      messages.ServerReadyRequestSchema,
      {},
      messages.ServerReadyResponseSchema,
      signal
    );
    const model = await this.ask(
      'ModelReady',
      messages.ModelReadyRequestSchema,
      this.model,
      messages.ModelReadyResponseSchema,
      signal
    );
    if (!live || !ready || !model.ready) {
      const what = !live || !ready ? 'is not ready for requests' : 'has not loaded the model';
      throw new ServerFailure('server_unavailable', `${this.server} ${what}.`, 'Try again when it is ready.', true);
    }
    const reply = await this.ask(
      'ModelMetadata',
      messages.ModelMetadataRequestSchema,
      this.model,
      messages.ModelMetadataResponseSchema,
      signal
    );
    const ports = (list: typeof reply.inputs) =>
      list.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(Number) }));
    const { name, versions, platform } = reply;
    const document = { name, versions, platform, inputs: ports(reply.inputs), outputs: ports(reply.outputs) };
    return readDocument(this.server, ModelMetadata, document, 'its model');
  }

  async settings(signal: AbortSignal): Promise<ModelSettings> {
    const { config } = await this.ask(
      'ModelConfig',
      messages.ModelConfigRequestSchema,
      this.model,
      messages.ModelConfigResponseSchema,
      signal
    );
    const parameters = Object.entries(config?.parameters ?? {}).map(([name, { stringValue }]) => [
      name,
      { string_value: stringValue }
    ]);
    const document = { max_batch_size: config?.maxBatchSize, parameters: Object.fromEntries(parameters) };
    return readDocument(this.server, ModelSettings, document, "its model's configuration");
  }

  async statistics(signal: AbortSignal): Promise<ModelStatistics> {
    const reply = await this.ask(
      'ModelStatistics',
      messages.ModelStatisticsRequestSchema,
      this.model,
      messages.ModelStatisticsResponseSchema,
      signal
    );
    return readDocument(this.server, ModelStatistics, statisticsDocument(reply), 'its statistics');
  }

  async infer(question: Question, signal: AbortSignal): Promise<Answer> {
    const parts = writeInferRequest(question, this.address);
    const message = await this.exchange('ModelInfer', parts, question.most + SMALL_BYTES, signal);
    return { ...readInferResponse(this.server, message), sha256: hash('sha256', message, 'hex') };
  }

  close(): void {
    // The socket first: the session's farewell would go uncounted.
    this.socket.destroy();
    this.session.destroy();
  }

  private get model(): { name: string; version: string } {
    return { name: this.address.model, version: this.address.version ?? '' };
  }

  private async ask<Q extends DescMessage, A extends DescMessage>(
    method: string,
    question: Q,
    fields: MessageInitShape<Q>,
    answer: A,
    signal: AbortSignal
  ): Promise<MessageShape<A>> {
    const message = toBinary(question, create(question, fields));
    return readMessage(this.server, answer, await this.exchange(method, [message], DOCUMENT_BYTES, signal));
  }

  /** Anything but a whole answer with status OK closes the connection. */
  private async exchange(method: string, message: Uint8Array[], most: number, signal: AbortSignal): Promise<Buffer> {
    signal.throwIfAborted();
    if (this.socket.destroyed || this.session.destroyed) {
      throw lost(this.server);
    }
    try {
      return await call(this.server, this.session, { method, headers: this.headers, message, most }, signal);
    } catch (thrown) {
      this.close();
      signal.throwIfAborted();
      if (thrown instanceof ServerFailure) {
        throw thrown;
      }
      throw this.isOtherProtocol(thrown) ? unreachable(this.server, { code: 'ERR_HTTP2' }) : lost(this.server);
    }
  }

  /** The session itself cannot be read: the peer does not speak HTTP/2. */
  private isOtherProtocol(thrown: unknown): boolean {
    return [thrown, this.broken].some(each => (each as NodeJS.ErrnoException)?.code === 'ERR_HTTP2_ERROR');
  }
}
