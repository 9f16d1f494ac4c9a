import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { SAFETENSORS_MIME, VeilError } from '../protocol';

export interface BodyLimits {
  /** Largest single body, bytes. */
  body: number;
  /** Bytes of all bodies that may be held at one moment. */
  inFlight: number;
}

export const BODY_LIMITS: BodyLimits = { body: 400 * 1000 * 1000, inFlight: 1000 * 1000 * 1000 };

/**
 * Receive frames and tensors into one buffer of exactly Content-Length bytes, allocated before the first
 * byte arrives and not from Node's pool, so that it can be transferred to a compute worker without a copy.
 * A body that is too large is refused by its length alone.
 */
export function acceptBodies(app: FastifyInstance, limits: BodyLimits): void {
  let held = 0;
  const parse = async (request: FastifyRequest, payload: IncomingMessage): Promise<Uint8Array> => {
    const length = announcedLength(request);
    if (length > limits.body) {
      throw new VeilError(
        'image_too_large',
        `The body of ${length.toLocaleString('en')} bytes is larger than ${limits.body.toLocaleString('en')}. Nothing was run.`,
        'Scale the image down, or set VEILBOOK_MAX_BODY_MB.'
      );
    }
    if (held + length > limits.inFlight) {
      throw new VeilError(
        'busy',
        'Too many large images are on their way at the same time. Nothing was run.',
        'Send it again when others are finished.'
      );
    }
    held += length;
    request.raw.once('close', () => (held -= length));
    return receive(payload, length);
  };
  app.addContentTypeParser('application/octet-stream', parse);
  app.addContentTypeParser(SAFETENSORS_MIME, parse);
  app.addContentTypeParser(/^image\/[\w.+-]+/, parse);
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

function receive(payload: IncomingMessage, length: number): Promise<Uint8Array> {
  const body = Buffer.allocUnsafeSlow(length);
  let at = 0;
  return new Promise((settle, fail) => {
    payload.on('data', (chunk: Buffer) => {
      chunk.copy(body, at);
      at += chunk.length;
    });
    payload.once('end', () => settle(body));
    payload.once('error', fail);
    payload.once('close', () =>
      fail(
        new VeilError('cancelled', `The connection was closed after ${at} of ${length} bytes. Nothing was run.`, 'Send it again.')
      )
    );
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
