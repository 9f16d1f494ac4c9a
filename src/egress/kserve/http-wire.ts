import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { destinationOf, type TailAddress } from './address';
import { readAnswer, writeQuestion, HEADER_LENGTH } from './http-messages';
import { brokenOff, lost, mismatch, refusedStatus, ServerFailure, unreachable } from './failures';
import { ModelMetadata, ModelSettings, ModelStatistics, readDocument } from './metadata';
import { Parts } from './parts';
import { DOCUMENT_BYTES, SMALL_BYTES, type Answer, type Question, type Wire } from './wire';

interface Request {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string | number>;
  body?: readonly Uint8Array[];
  /** Bytes that the body of the reply has at most. */
  most: number;
}

interface Reply {
  headers: IncomingMessage['headers'];
  body: Parts;
}

/** Hands out the one socket that it was made with, and never another: no request goes over a connection that was not checked. */
class OneSocketAgent extends Agent {
  private given = false;

  constructor(private readonly socket: Socket) {
    super({ keepAlive: true, maxSockets: 1 });
  }

  override createConnection(): Socket {
    if (this.given) {
      throw Object.assign(new Error('closed'), { code: 'ECONNRESET' });
    }
    this.given = true;
    return this.socket;
  }
}

/** KServe v2 over HTTP/1.1 with the binary tensor extension, on one connection that is kept open. */
export class HttpWire implements Wire {
  private readonly agent: OneSocketAgent;
  private readonly server: string;
  private readonly model: string;

  constructor(
    private readonly address: TailAddress,
    private readonly socket: Socket,
    private readonly headers: Record<string, string>
  ) {
    this.agent = new OneSocketAgent(socket);
    this.server = destinationOf(address);
    this.model = `/v2/models/${address.model}${address.version ? `/versions/${address.version}` : ''}`;
    // A connection that breaks while nobody uses it is not alive; that is all there is to say.
    socket.on('error', () => undefined);
  }

  get alive(): boolean {
    return !this.socket.destroyed && this.socket.readyState === 'open';
  }

  get bytes(): { sent: number; received: number } {
    return { sent: this.socket.bytesWritten, received: this.socket.bytesRead };
  }

  async metadata(signal: AbortSignal): Promise<ModelMetadata> {
    await this.get('/v2/health/live', signal);
    await this.get('/v2/health/ready', signal);
    const { extensions } = (await this.document('/v2', signal)) as { extensions?: unknown };
    if (!Array.isArray(extensions) || !extensions.includes('binary_tensor_data')) {
      throw mismatch(
        this.server,
        'does not say that it reads binary tensors over HTTP',
        'Use its gRPC port, as in triton+grpc://host:8001/model.'
      );
    }
    await this.get(`${this.model}/ready`, signal);
    return readDocument(this.server, ModelMetadata, await this.document(this.model, signal), 'its model');
  }

  async settings(signal: AbortSignal): Promise<ModelSettings> {
    const document = await this.document(`${this.model}/config`, signal);
    return readDocument(this.server, ModelSettings, document, "its model's configuration");
  }

  async statistics(signal: AbortSignal): Promise<ModelStatistics> {
    return readDocument(this.server, ModelStatistics, await this.document(`${this.model}/stats`, signal), 'its statistics');
  }

  async infer(question: Question, signal: AbortSignal): Promise<Answer> {
    const { header, tensors } = writeQuestion(question);
    const { headers, body } = await this.exchange(
      {
        method: 'POST',
        path: `${this.model}/infer`,
        headers: {
          'content-type': 'application/octet-stream',
          [HEADER_LENGTH]: header.length,
          'content-length': tensors.reduce((sum, tensor) => sum + tensor.length, header.length)
        },
        body: [header, ...tensors],
        most: question.most + SMALL_BYTES
      },
      signal
    );
    return { ...readAnswer(this.server, headers, body), sha256: body.sha256() };
  }

  close(): void {
    this.agent.destroy();
    this.socket.destroy();
  }

  private get(path: string, signal: AbortSignal): Promise<Reply> {
    return this.exchange({ method: 'GET', path, most: DOCUMENT_BYTES }, signal);
  }

  private async document(path: string, signal: AbortSignal): Promise<unknown> {
    const { headers, body } = await this.get(path, signal);
    const type = headers['content-type'] ?? '';
    try {
      if (/^application\/json\b/.test(type)) {
        return JSON.parse(body.text());
      }
    } catch {
      // What is no JSON is refused below.
    }
    throw mismatch(this.server, 'answered with something that is no JSON document', 'See which server listens there.');
  }

  /** One request and its whole reply. Anything but a complete 200 closes the connection: what is left on it cannot be told apart. */
  private async exchange(request: Request, signal: AbortSignal): Promise<Reply> {
    signal.throwIfAborted();
    const before = this.socket.bytesRead;
    try {
      return await this.attempt(request, signal);
    } catch (thrown) {
      this.close();
      signal.throwIfAborted();
      if (thrown instanceof ServerFailure) {
        throw thrown;
      }
      const parser = String((thrown as NodeJS.ErrnoException)?.code ?? '').startsWith('HPE_');
      throw parser
        ? unreachable(this.server, thrown)
        : this.socket.bytesRead > before
          ? brokenOff(this.server)
          : lost(this.server);
    }
  }

  private attempt({ method, path, headers, body: written = [], most }: Request, signal: AbortSignal): Promise<Reply> {
    const { host, port } = this.address;
    const all = { ...this.headers, accept: '*/*', ...headers };
    return new Promise((resolve, reject) => {
      const sent = httpRequest({ agent: this.agent, host, port, method, path, headers: all, signal });
      sent.on('error', reject);
      sent.on('response', reply => {
        reply.on('error', reject);
        const refusal = this.refusal(reply, most);
        if (refusal) {
          reject(refusal);
          return;
        }
        const body = new Parts();
        reply.on('data', (part: Buffer) => {
          body.add(part);
          if (body.length > most) {
            reject(this.tooLong());
          }
        });
        reply.on('end', () => {
          if (!sent.writableFinished) {
            this.close();
          }
          resolve({ headers: reply.headers, body });
        });
      });
      written.forEach(part => sent.write(part));
      sent.end();
    });
  }

  /** What the head of a reply alone is refused for. */
  private refusal({ statusCode = 0, headers }: IncomingMessage, most: number): ServerFailure | null {
    if (statusCode !== 200) {
      return refusedStatus(this.server, statusCode);
    }
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      return mismatch(this.server, 'compressed its answer, which nobody asked for', 'Switch off compression on the way to it.');
    }
    return Number(headers['content-length'] ?? 0) > most ? this.tooLong() : null;
  }

  private tooLong(): ServerFailure {
    return mismatch(this.server, 'sent more than the outputs that were asked for');
  }
}
