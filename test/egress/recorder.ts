import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/** A relay between clients and a server that keeps every byte to the server, by connection. */
export interface Recorder {
  /** host:port to connect to. */
  address: string;
  /** What each connection sent so far. */
  sent(): Buffer[];
  stop(): Promise<void>;
}

/** @param target host:port */
export async function record(target: string): Promise<Recorder> {
  const [host, port] = target.split(':');
  const connections: Buffer[][] = [];
  const open = new Set<Socket>();
  const server: Server = createServer(client => {
    const kept: Buffer[] = [];
    connections.push(kept);
    const upstream = connect(Number(port), host);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client]
    ]) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => open.delete(from));
    }
    client.on('data', chunk => kept.push(Buffer.from(chunk)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => connections.map(kept => Buffer.concat(kept)),
    async stop() {
      open.forEach(socket => socket.destroy());
      server.close();
      await once(server, 'close');
    }
  };
}

export interface HttpRequest {
  line: string;
  headers: Record<string, string>;
  body: Buffer;
  /** Head and body. */
  bytes: number;
}

/** The requests of a connection that spoke HTTP/1.1. Throws where a byte belongs to none. */
export function requestsOf(stream: Buffer): HttpRequest[] {
  const requests: HttpRequest[] = [];
  for (let at = 0; at < stream.length;) {
    const end = stream.indexOf('\r\n\r\n', at);
    if (end < 0) {
      throw new Error(`${stream.length - at} bytes belong to no request.`);
    }
    const [line, ...fields] = stream.subarray(at, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      fields.map(field => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 1).trim()])
    );
    const from = end + 4;
    const to = from + Number(headers['content-length'] ?? 0);
    if (to > stream.length || headers['transfer-encoding']) {
      throw new Error(`The body of ${line} does not end where it says.`);
    }
    requests.push({ line, headers, body: stream.subarray(from, to), bytes: to - at });
    at = to;
  }
  return requests;
}
