import { KubeConfig } from '@kubernetes/client-node';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo } from 'node:net';
import { administrator } from '../support';

export interface Request {
  method: string;
  url: string;
  /** How often this very method and URL was asked for before. */
  times: number;
}

/** A status to answer with in the API server's place, or nothing to let it answer; `before` it is awaited. */
export type Fault = (asked: Request) => Promise<number | undefined> | number | undefined;

/**
 * Stands between a client and the real API server, and answers some requests with a failure of its own. What it lets through is the
 * real server's.
 */
export async function faultyProxy(fault: Fault): Promise<{ config: KubeConfig; asked: Request[]; close: () => void }> {
  const admin = administrator();
  const { server = '', caFile, caData } = admin.getCurrentCluster() ?? {};
  const { token, certFile, certData, keyFile, keyData } = admin.getCurrentUser() ?? {};
  const pem = (data?: string, file?: string) => (data ? Buffer.from(data, 'base64') : file ? readFileSync(file) : undefined);
  const credentials = { ca: pem(caData, caFile), cert: pem(certData, certFile), key: pem(keyData, keyFile) };
  const asked: Request[] = [];

  async function serve(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const [method, url] = [from.method ?? '', from.url ?? ''];
    const times = asked.filter(one => one.method === method && one.url === url).length;
    asked.push({ method, url, times });
    const code = await fault({ method, url, times });
    if (code !== undefined) {
      from.resume();
      to.writeHead(code, { 'content-type': 'application/json', ...(code === 429 ? { 'retry-after': '1' } : {}) });
      to.end(
        JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'out of order', reason: 'Test', code })
      );
      return;
    }
    const headers = { ...from.headers, host: new URL(server).host, ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const onward = request(new URL(url, server), { method, headers, ...credentials }, answer => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    onward.on('error', () => to.destroy());
    from.pipe(onward);
  }

  const listener = createServer((from, to) => void serve(from, to));
  await new Promise<void>(done => listener.listen(0, '127.0.0.1', done));
  const config = new KubeConfig();
  const address = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser({ name: 'faulty', server: address, skipTLSVerify: true }, { name: 'nobody' });
  const close = () => {
    listener.closeAllConnections();
    listener.close();
  };
  return { config, asked, close };
}
