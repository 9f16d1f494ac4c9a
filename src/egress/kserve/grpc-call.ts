import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { brokenOff, mismatch, refusedCall, refusedStatus, type ServerFailure } from './failures';

export interface Call {
  /** Of the service `inference.GRPCInferenceService`. */
  method: string;
  headers: Record<string, string>;
  /** Parts of one message. */
  message: readonly Uint8Array[];
  /** Bytes that the message of the reply has at most. */
  most: number;
}

/** In front of each message: a byte that says whether it is compressed, and four for its length, the highest first. */
const PREFIX_BYTES = 5;

/**
 * One unary call (gRPC over HTTP/2: headers, one message each way, trailers with a status).
 * @returns the message of the reply
 * @throws ServerFailure; whatever the session throws; `signal`'s reason when it is aborted
 */
export function call(server: string, session: ClientHttp2Session, { method, headers, message, most }: Call, signal: AbortSignal) {
  return new Promise<Buffer>((resolve, reject) => {
    const stream = session.request(
      {
        ...headers,
        ':method': 'POST',
        ':path': `/inference.GRPCInferenceService/${method}`,
        'content-type': 'application/grpc',
        te: 'trailers'
      },
      { signal }
    );
    const parts: Buffer[] = [];
    let length = 0;
    let status: number | null = null;
    let begun = false;
    const fail = (thrown: unknown) => reject(begun ? brokenOff(server) : thrown);
    const note = (fields: IncomingHttpHeaders) => {
      const value = fields['grpc-status'];
      status = value === undefined ? status : /^\d{1,2}$/.test(String(value)) ? Number(value) : Number.NaN;
    };
    stream.on('error', fail);
    stream.on('response', fields => {
      begun = true;
      note(fields);
      const refusal = refusalOf(server, fields);
      if (refusal) {
        reject(refusal);
      }
    });
    stream.on('trailers', note);
    stream.on('data', (part: Buffer) => {
      length += part.length;
      parts.push(part);
      if (length > most + PREFIX_BYTES) {
        reject(mismatch(server, 'sent more than the outputs that were asked for'));
      }
    });
    stream.on('end', () => {
      // A stream that was reset ends as well; then `close` tells.
      if (!begun) {
        return;
      }
      try {
        resolve(messageOf(server, status, Buffer.concat(parts, length)));
      } catch (thrown) {
        reject(thrown);
      }
    });
    stream.on('close', () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(
      message.reduce((sum, part) => sum + part.length, 0),
      1
    );
    stream.cork();
    [prefix, ...message].forEach(part => stream.write(part));
    stream.end();
    stream.uncork();
  });
}

function refusalOf(server: string, fields: IncomingHttpHeaders & { ':status'?: number }): ServerFailure | null {
  if (fields[':status'] !== 200) {
    return refusedStatus(server, fields[':status'] ?? 0);
  }
  if (!/^application\/grpc\b/.test(fields['content-type'] ?? '')) {
    return mismatch(server, 'does not speak gRPC', 'See whether the port is that of HTTP or of gRPC.');
  }
  if (String(fields['grpc-encoding'] ?? 'identity') !== 'identity') {
    return mismatch(server, 'compressed its answer, which nobody asked for', 'Switch off compression on the way to it.');
  }
  return null;
}

function messageOf(server: string, status: number | null, body: Buffer): Buffer {
  if (status === null) {
    throw brokenOff(server);
  }
  if (status !== 0) {
    throw refusedCall(server, status);
  }
  if (body.length < PREFIX_BYTES || body[0] !== 0 || body.readUInt32BE(1) !== body.length - PREFIX_BYTES) {
    throw mismatch(server, 'answered with something that is not one whole message');
  }
  return body.subarray(PREFIX_BYTES);
}
