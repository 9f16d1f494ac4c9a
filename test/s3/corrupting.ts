import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Bytes of an answer that pass before one is changed: more than its head has. */
const SPARED = 100_000;

/** A way to a server that changes one byte in so many of the long answers. */
export async function corrupting(port: number, times: number): Promise<{ port: number; close(): Promise<void> }> {
  let left = times;
  const sockets = new Set<Socket>();
  const proxy = createServer(client => {
    const server = connect(port, '127.0.0.1');
    let passed = 0;
    [client, server].forEach(socket => {
      sockets.add(socket.on('error', () => undefined).on('close', () => [client, server].forEach(each => each.destroy())));
    });
    client.on('data', chunk => {
      passed = 0;
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      if (left > 0 && passed < SPARED && passed + chunk.length >= SPARED) {
        left -= 1;
        chunk[chunk.length - 1] ^= 1;
      }
      passed += chunk.length;
      client.write(chunk);
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    async close() {
      sockets.forEach(socket => socket.destroy());
      proxy.close();
      await once(proxy, 'close');
    }
  };
}
