import { VeilError } from '../../protocol';

/** A server that speaks KServe v2, apart from its models. */
export interface Destination {
  scheme: 'http' | 'grpc';
  tls: boolean;
  /** A name or an IP address (version 6 without brackets), lower case. */
  host: string;
  port: number;
}

/** Where a tail is served: one model of one server. */
export interface TailAddress extends Destination {
  model: string;
  /** As Triton numbers them; null for the one that the server chooses. */
  version: string | null;
}

/** With the port where none is given. */
export const SCHEMES: Readonly<Record<string, Pick<Destination, 'scheme' | 'tls' | 'port'>>> = {
  'triton:': { scheme: 'http', tls: false, port: 8000 },
  'tritons:': { scheme: 'http', tls: true, port: 8000 },
  'triton+grpc:': { scheme: 'grpc', tls: false, port: 8001 },
  'tritons+grpc:': { scheme: 'grpc', tls: true, port: 8001 }
};
const EXAMPLE =
  'Write it as in triton://host:8000/model (HTTP), tritons:// (TLS), triton+grpc://host:8001/model or tritons+grpc://.';

/**
 * Read `SCHEME://HOST[:PORT]/MODEL[/VERSION]`; SCHEME as in `SCHEMES`, with its port where none is given.
 * @throws VeilError `bad_request`; no message repeats a password.
 */
export function parseTailUrl(url: string): TailAddress {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const base = parsed && SCHEMES[parsed.protocol];
  if (!base) {
    throw bad('The address of the tail cannot be read.');
  }
  if (parsed.username || parsed.password) {
    throw new VeilError(
      'bad_request',
      'The address of the tail holds a user name or a password, which would be written wherever the address is.',
      'Give a token as a header instead.'
    );
  }
  if (parsed.search || parsed.hash) {
    throw bad('The address of the tail has more than host, port, model and version.');
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (!/^[a-z0-9._:-]+$/.test(host)) {
    throw bad('The address of the tail names no host.');
  }
  const port = parsed.port === '' ? base.port : Number(parsed.port);
  if (port < 1) {
    throw bad('The address of the tail names port 0.');
  }
  const [model = '', version = null, ...rest] = parsed.pathname.replace(/^\//, '').replace(/\/$/, '').split('/');
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(model)) {
    throw bad('The address of the tail names no model of letters, digits, "_", "-" and ".".');
  }
  if (rest.length > 0 || (version !== null && !/^[1-9][0-9]*$/.test(version))) {
    throw bad('What follows the model in the address of the tail is no version number.');
  }
  return { ...base, host, port, model, version };
}

/** `SCHEME://HOST:PORT`: what a policy allows and a ledger records. */
export function destinationOf({ scheme, tls, host, port }: Destination): string {
  const name = `triton${tls ? 's' : ''}${scheme === 'grpc' ? '+grpc' : ''}`;
  return `${name}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function bad(message: string): VeilError {
  return new VeilError('bad_request', `${message} Nothing was sent.`, EXAMPLE);
}
