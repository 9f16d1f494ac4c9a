import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure, TLSSocket } from 'node:tls';
import { VeilError } from '../../protocol';
import { destinationOf, type TailAddress } from './address';
import { timedOut, unreachable } from './failures';

export interface ConnectionOptions {
  /** Sent with every request, such as a token; no message or log repeats a value. */
  headers?: Readonly<Record<string, string>>;
  /** PEM of the authorities that may sign the server's certificate, instead of the system's. */
  ca?: string;
  /** PEM of this client's certificate and key, for a server that asks. */
  cert?: string;
  key?: string;
  /** Milliseconds for one exchange, with waiting, connecting and further attempts (default 30000). */
  deadlineMs?: number;
  /** Milliseconds for a connection to be made, TLS included (default 5000). */
  connectMs?: number;
  /** Exchanges at one time, each on a connection of its own (default 8). */
  maxInFlight?: number;
}

/** Headers that the protocol sets itself. */
const OURS =
  /^(:.*|accept|accept-encoding|connection|content-length|content-type|content-encoding|expect|grpc-.*|host|inference-header-content-length|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|user-agent)$/;

/**
 * The caller's headers with lower-case names.
 * @throws VeilError `bad_request` naming the header, never its value.
 */
export function checkHeaders(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  const checked = Object.entries(headers).map(([name, value]): [string, string] => {
    const lower = name.toLowerCase();
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(lower) || OURS.test(lower)) {
      throw new VeilError(
        'bad_request',
        'A header has a name that cannot be given. Nothing was sent.',
        'Give headers such as Authorization.'
      );
    }
    if (!/^[\x20-\x7e]*$/.test(value)) {
      const message = `The value of header ${lower} has characters that no header may have. Nothing was sent.`;
      throw new VeilError('bad_request', message, 'A line end after a token is the usual cause: remove it.');
    }
    return [lower, value];
  });
  return Object.fromEntries(checked);
}

/**
 * Connect to the host of an address; with TLS, only when the certificate is for that host and signed by a known authority,
 * whatever NODE_TLS_REJECT_UNAUTHORIZED says. Proxies of the environment are not used.
 * @throws ServerFailure; `signal`'s reason when it is aborted.
 */
export function dial(address: TailAddress, options: ConnectionOptions, signal: AbortSignal): Promise<Socket> {
  const { host, port } = address;
  const server = destinationOf(address);
  const { connectMs = 5000, ca, cert, key } = options;
  signal.throwIfAborted();
  const secure = () =>
    connectSecure({
      host,
      port,
      // A server name is a name (RFC 6066): the certificate of an IP address is checked against the address itself.
      ...(isIP(host) ? {} : { servername: host }),
      ca,
      cert,
      key,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ALPNProtocols: [address.scheme === 'grpc' ? 'h2' : 'http/1.1']
    });
  return new Promise((resolve, reject) => {
    let socket: Socket;
    try {
      socket = address.tls ? secure() : connectPlain({ host, port });
    } catch {
      const message = 'The certificate, key or authority for the model server cannot be read. Nothing was sent.';
      reject(new VeilError('bad_request', message, 'Give each as PEM; certificate and key belong together.'));
      return;
    }
    const settle = (act: () => void) => {
      clearTimeout(late);
      signal.removeEventListener('abort', abort);
      socket.removeListener('error', fail);
      act();
    };
    const give = (reason: unknown) =>
      settle(() => {
        // A late error of a socket that nobody waits for any more.
        socket.on('error', () => undefined).destroy();
        reject(reason);
      });
    const fail = (thrown: Error) => give(unreachable(server, thrown));
    const abort = () => give(signal.reason);
    const late = setTimeout(() => give(timedOut(server, connectMs)), connectMs);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once(address.tls ? 'secureConnect' : 'connect', () => {
      if (socket instanceof TLSSocket && address.scheme === 'grpc' && socket.alpnProtocol !== 'h2') {
        give(unreachable(server, { code: 'ERR_TLS_ALPN' }));
        return;
      }
      socket.setNoDelay(true);
      settle(() => resolve(socket));
    });
  });
}
