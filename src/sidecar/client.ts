import { request as httpRequest } from 'node:http';
import { VeilError, type ConnectionFile, type ErrorBody } from '../protocol';

export interface Call {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * One request to a sidecar over its UNIX socket.
 * @throws VeilError what the sidecar answered, or `sidecar_unavailable` when it does not answer.
 */
export function callSidecar({ socket, token }: ConnectionFile, call: Call): Promise<Buffer> {
  const { method, path, headers, body, timeoutMs = 30_000, signal } = call;
  return new Promise((settle, fail) => {
    const request = httpRequest({
      socketPath: socket,
      agent: false,
      method,
      path,
      signal,
      headers: { Authorization: `Bearer ${token}`, 'Content-Length': String(body?.length ?? 0), ...headers }
    });
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
    request.once('error', error => fail(unavailable(error.message)));
    request.once('response', response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', error => fail(unavailable(error.message)));
      response.once('end', () => {
        const answer = Buffer.concat(chunks);
        if ((response.statusCode ?? 500) < 400) {
          settle(answer);
        } else {
          fail(errorOf(answer, response.statusCode ?? 500));
        }
      });
    });
    request.end(body);
  });
}

export async function getJson<T>(connection: ConnectionFile, path: string, timeoutMs?: number): Promise<T> {
  const answer = await callSidecar(connection, { method: 'GET', path, timeoutMs });
  return JSON.parse(answer.toString()) as T;
}

function errorOf(answer: Buffer, status: number): VeilError {
  try {
    return VeilError.fromBody(JSON.parse(answer.toString()) as ErrorBody);
  } catch {
    return unavailable(`it answered with status ${status}`);
  }
}

function unavailable(why: string): VeilError {
  return new VeilError('sidecar_unavailable', `The sidecar cannot be reached: ${why}.`, 'Start it: veilbook sidecar start');
}
