import { Agent, request } from 'node:http';
import { VeilError } from '../../protocol';
import type { TailAddress } from '../kserve';

/** Where the echo server gives a body back as it came. */
export const BARE_PATH = '/bare';

/**
 * What node:http alone takes for as many bytes there and back, on one connection that is kept open: nothing is described, hashed
 * or checked. The least that a client on top of it can take.
 */
export class BareHttp {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly address: Pick<TailAddress, 'host' | 'port'>) {}

  echo(body: Uint8Array): Promise<Buffer> {
    const { agent } = this;
    const headers = { 'content-length': body.length };
    return new Promise((resolve, reject) => {
      const fail = () => reject(new VeilError('server_unavailable', 'The echo server did not answer.', ''));
      const sent = request({ agent, ...this.address, method: 'POST', path: BARE_PATH, headers }, reply => {
        const parts: Buffer[] = [];
        reply.on('data', part => parts.push(part));
        reply.on('error', fail);
        reply.on('end', () => resolve(Buffer.concat(parts)));
      });
      sent.on('error', fail);
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
