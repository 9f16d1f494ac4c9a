/** A place beyond the cluster that notices what reaches it. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { administrator } from '../support';

/** At this machine's end of the cluster's cable, TCP and UDP of one port. */
export async function recordOutside(): Promise<{ address: string; port: number; seen: Set<string>; stop: () => void }> {
  const { hostname } = new URL(administrator().getCurrentCluster()?.server ?? '');
  const address = hostname.replace(/\d+$/, last => String(Number(last) - 1));
  const seen = new Set<string>();
  const look = (data: Buffer) =>
    [...data.toString('latin1').matchAll(/veil-([a-z0-9-]{1,60})-end/g)].forEach(([, name]) => seen.add(name));
  const server = createServer(socket => socket.on('data', look).on('error', () => undefined)).listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const datagrams = createSocket('udp4').on('message', look);
  datagrams.bind(port, address);
  await once(datagrams, 'listening');
  const stop = () => {
    server.close();
    datagrams.close();
  };
  return { address, port, seen, stop };
}
