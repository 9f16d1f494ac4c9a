import { isIPv4, isIPv6 } from 'node:net';
import { VeilError } from '../../protocol';
import { SCHEMES, type Destination } from '../kserve/address';

export { destinationOf, type Destination } from '../kserve/address';

/**
 * Read `SCHEME://HOST[:PORT]`. Whatever could be read in two ways is refused rather than read in one: users, paths, percent
 * signs, letters outside ASCII, numbers that are no plain IPv4 address, a dot at the end.
 * Two that reach the same server by another spelling are equal (version 6 as RFC 5952 writes it).
 * @throws VeilError `bad_request`
 */
export function parseDestination(text: string): Destination {
  const parts = /^([A-Za-z+]+):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?\/?$/.exec(text);
  const base = parts && SCHEMES[`${parts[1].toLowerCase()}:`];
  if (!base) {
    throw new VeilError(
      'bad_request',
      'A destination cannot be read.',
      'Write it as in tritons://host:8000 (HTTP) or tritons+grpc://host:8001, the host in plain letters, digits, "-", "_" and ".".'
    );
  }
  const port = parts[3] === undefined ? base.port : Number(parts[3]);
  if (port < 1 || port > 65535 || (parts[3] !== undefined && String(port) !== parts[3])) {
    throw new VeilError('bad_request', 'A destination names no port from 1 to 65535.', '');
  }
  return { ...base, host: hostOf(parts[2].toLowerCase()), port };
}

function hostOf(text: string): string {
  if (text.startsWith('[')) {
    const address = text.slice(1, -1);
    if (!isIPv6(address)) {
      throw new VeilError('bad_request', 'A destination names no IPv6 address between its brackets.', '');
    }
    return plainAddress(new URL(`http://[${address}]`).hostname.slice(1, -1));
  }
  const labels = text.split('.');
  // Resolvers read 127.1, 0x7f000001 and 017700000001 as addresses too.
  const isNumber = /^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1)!);
  if (labels.some(label => label === '' || label.length > 63) || text.length > 253 || (isNumber && !isIPv4(text))) {
    throw new VeilError(
      'bad_request',
      'A destination names a host that can be read in two ways.',
      'Write its name or address in full.'
    );
  }
  return text;
}

/** An IPv4 address inside an IPv6 one is the IPv4 address: connections go there. */
function plainAddress(address: string): string {
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (!mapped) {
    return address;
  }
  const [high, low] = mapped.slice(1).map(part => Number.parseInt(part, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
