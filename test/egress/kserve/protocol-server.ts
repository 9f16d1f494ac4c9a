import { createServer as createHttp } from 'node:http';
import { createSecureServer as createSecureHttp2, createServer as createHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { ServerTensor } from '../../../src/egress/kserve';
import { METADATA, PARAMETERS } from './model-for-tests';
import { answerGrpc } from './protocol-grpc';
import { answerHttp } from './protocol-http';

/** An answer before it is coded for a protocol. */
export interface Reply {
  id: string;
  model: string;
  version: string;
  outputs: ServerTensor[];
}

/** Ways in which a server goes wrong; those of requests for inference alone unless they say otherwise. */
export interface Faults {
  /** Answer with another status and with a text that repeats the request; `times` limits how often. */
  status?: number;
  /** A gRPC status, with the same text as its message. */
  grpcStatus?: number;
  location?: string;
  /** Close the connection without an answer. */
  hangUp?: boolean;
  /** Close it in the middle of the answer. */
  half?: boolean;
  /** How many requests the three above concern; without it all. */
  times?: number;
  /** Answer after so many milliseconds; `all` requests, or those for inference. */
  delayMs?: number;
  delayAll?: boolean;
  /** Never stop sending. */
  endless?: boolean;
  /** Change the answer before it is coded. */
  edit?: (reply: Reply) => Reply;
  /** Bytes after the outputs. */
  leftover?: number;
  headers?: Record<string, string>;
  /** Answer with a body of this text instead. */
  text?: string;
  notReady?: 'server' | 'model';
  extensions?: string[];
}

export interface ServerChoices {
  grpc?: boolean;
  tls?: { key: string; cert: string; ca?: string };
  port?: number;
}

/**
 * A server of one model for tests. It speaks KServe v2, over HTTP with the binary tensor extension or over gRPC, refuses
 * with 400 whatever the protocol does not allow, and goes wrong on command.
 */
export class ProtocolServer {
  faults: Faults = {};
  metadata: object = METADATA;
  parameters: Record<string, string> = PARAMETERS;
  /** Requests for inference that came, refused ones included. */
  asked = 0;
  answered = 0;
  /** Headers of the last request of any kind. */
  lastHeaders: Record<string, unknown> = {};
  /** Why the last request was refused. */
  complaint: string | null = null;
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private readonly past = { in: 0, out: 0 };

  private constructor(private readonly server: Server) {}

  static async start({ grpc = false, tls, port = 0 }: ServerChoices = {}): Promise<ProtocolServer> {
    const secure = tls && { ...tls, requestCert: Boolean(tls.ca), rejectUnauthorized: Boolean(tls.ca) };
    const server = grpc ? (secure ? createSecureHttp2(secure) : createHttp2()) : secure ? createHttps(secure) : createHttp();
    const made = new ProtocolServer(server as Server);
    if (grpc) {
      server.on('stream', (stream, headers) => void answerGrpc(made, stream, headers));
      server.on('sessionError', () => undefined);
    } else {
      server.on('request', (request, response) => void answerHttp(made, request, response));
    }
    server.on('connection', (socket: Socket) => made.count(socket));
    server.on('tlsClientError', () => undefined);
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
    return made;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Bytes on its sockets, TLS included. */
  get bytes(): { in: number; out: number } {
    const all = { ...this.past };
    this.sockets.forEach(socket => {
      all.in += socket.bytesRead;
      all.out += socket.bytesWritten;
    });
    return all;
  }

  /** Is this one of the requests that a fault with `times` concerns? */
  failing(): boolean {
    const { times = Infinity } = this.faults;
    this.faults.times = times - 1;
    return times > 0;
  }

  /** Close all connections from this side, as a restart does. */
  dropConnections(): void {
    this.sockets.forEach(socket => socket.destroy());
  }

  async stop(): Promise<void> {
    const closed = new Promise(resolve => this.server.close(resolve));
    this.dropConnections();
    await closed;
  }

  private count(socket: Socket): void {
    this.connections++;
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.past.in += socket.bytesRead;
      this.past.out += socket.bytesWritten;
    });
  }
}

/** Statistics of one request, as Triton writes them. */
export function statisticsOf(count: number): object {
  const duration = (ns: number) => ({ count, ns });
  const steps = { compute_input: duration(10), compute_infer: duration(1000), compute_output: duration(20) };
  return {
    model_stats: [
      {
        name: 'tail',
        version: '1',
        last_inference: 1700000000000,
        inference_count: count,
        execution_count: count,
        inference_stats: { success: duration(2000), fail: { count: 0, ns: 0 }, queue: duration(5), ...steps },
        batch_stats: [{ batch_size: 1, ...steps }]
      }
    ]
  };
}
