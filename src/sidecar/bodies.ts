import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { SAFETENSORS_MIME, VeilError } from '../protocol';
import type { FrameMemory } from './frame-memory';
import { SHARED_FRAME_HEADER } from './shared-frame';

export interface BodyLimits {
  /** Largest single body, bytes. */
  body: number;
  /** Bytes of all bodies that may be held at one moment. */
  inFlight: number;
}

export const BODY_LIMITS: BodyLimits = { body: 400 * 1000 * 1000, inFlight: 1000 * 1000 * 1000 };

/** Counts the bytes of the requests that are being answered, and refuses by announced length what would be too much. */
export class BodyBudget {
  private held = 0;
  private readonly shares = new WeakMap<IncomingMessage, number>();

  constructor(private readonly limits: BodyLimits) {}

  /** @throws VeilError `image_too_large` or `busy`, before a byte of it was taken in. */
  take(request: IncomingMessage, length: number): void {
    if (length > this.limits.body) {
      throw new VeilError(
        'image_too_large',
        `The image has ${length.toLocaleString('en')} bytes, more than ${this.limits.body.toLocaleString('en')}. Nothing was run.`,
        'Scale it down, or start the sidecar with a larger VEILBOOK_MAX_BODY_MB.'
      );
    }
    if (this.held + length > this.limits.inFlight) {
      throw new VeilError(
        'busy',
        'Too many large images are on their way at the same time. Nothing was run.',
        'Send it again when others are finished.'
      );
    }
    this.held += length;
    this.shares.set(request, (this.shares.get(request) ?? 0) + length);
  }

  /** To be called once the request is answered or gone. */
  giveBack(request: IncomingMessage): void {
    this.held -= this.shares.get(request) ?? 0;
    this.shares.delete(request);
  }
}

/**
 * Receive frames and tensors into memory of exactly Content-Length bytes that is there before the first byte
 * arrives: shared memory for raw pixels, a buffer outside Node's pool (movable to a worker) for the rest.
 */
export function acceptBodies(app: FastifyInstance, budget: BodyBudget, memory: FrameMemory): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.once('close', () => budget.giveBack(request.raw));
  });
  const parser =
    (allocate: (length: number, request: FastifyRequest) => Uint8Array) =>
    async (request: FastifyRequest, payload: IncomingMessage) => {
      const length = announcedLength(request);
      budget.take(request.raw, length);
      return receive(payload, allocate(length, request));
    };
  app.addContentTypeParser(
    'application/octet-stream',
    parser((length, { headers }) => (SHARED_FRAME_HEADER in headers ? Buffer.alloc(length) : memory.acquire(length)))
  );
  app.addContentTypeParser(
    [SAFETENSORS_MIME],
    parser(length => Buffer.allocUnsafeSlow(length))
  );
  app.addContentTypeParser(
    /^image\/[\w.+-]+/,
    parser(length => Buffer.allocUnsafeSlow(length))
  );
}

function announcedLength(request: FastifyRequest): number {
  const length = Number(request.headers['content-length'] ?? NaN);
  if (!Number.isSafeInteger(length)) {
    throw new VeilError(
      'bad_request',
      'The body has no Content-Length. Nothing was run.',
      'Send the body in one piece, not chunked.'
    );
  }
  return length;
}

function receive(payload: IncomingMessage, body: Uint8Array): Promise<Uint8Array> {
  let at = 0;
  return new Promise((settle, fail) => {
    payload.on('data', (chunk: Buffer) => {
      chunk.copy(body, at);
      at += chunk.length;
    });
    payload.once('error', fail);
    payload.once('close', () => {
      if (at === body.length) {
        settle(body);
      } else {
        const message = `The connection ended after ${at} of ${body.length} bytes. Nothing was run.`;
        fail(new VeilError('cancelled', message, 'Send it again.'));
      }
    });
  });
}

/** The body of a request whose content type went through `acceptBodies`. */
export function binaryBody(request: FastifyRequest, expected: string): Uint8Array {
  if (!(request.body instanceof Uint8Array)) {
    throw new VeilError(
      'bad_request',
      `The request has no ${expected}. Nothing was run.`,
      'Send it as the body, with its Content-Type.'
    );
  }
  return request.body;
}
