import { ModelServer, parseTailUrl, type ConnectionOptions } from '../../../src/egress/kserve';
import { Authority, type Subject } from './certificates';
import { activation } from './model-for-tests';
import { ProtocolServer } from './protocol-server';

const DAY = 86_400_000;

describe.each(['http', 'grpc'] as const)('TLS under %s', scheme => {
  const grpc = scheme === 'grpc';
  const authority = new Authority();
  const open: { stop?: () => Promise<void>; close?: () => Promise<void> }[] = [];

  const serve = async (subject: Subject, ca?: string) => {
    const server = await ProtocolServer.start({ grpc, tls: { ...authority.issue(subject), ca } });
    open.push(server);
    return server;
  };
  const connect = async ({ port }: { port: number }, options: ConnectionOptions = {}, host = 'localhost') => {
    const address = parseTailUrl(`tritons${grpc ? '+grpc' : ''}://${host}:${port}/tail`);
    const client = await ModelServer.connect(address, { deadlineMs: 5000, ca: authority.ca, ...options });
    open.push(client);
    return client;
  };
  const infer = async (client: ModelServer) => (await client.infer([activation()], ['loc'])).outputs.loc.shape;

  afterEach(async () => {
    for (const each of open.splice(0).reverse()) {
      await (each.close ?? each.stop)?.call(each);
    }
  });

  it('goes to a server whose certificate is for its name, or for its address', async () => {
    const server = await serve({ names: ['localhost'], addresses: ['127.0.0.1'] });
    expect(await infer(await connect(server))).toEqual([1, 8, 4]);
    expect(await infer(await connect(server, {}, '127.0.0.1'))).toEqual([1, 8, 4]);
  });

  it.each<[string, Subject, string]>([
    ['another name', { names: ['triton.example'] }, 'its certificate is for another name'],
    ['another address', { addresses: ['127.0.0.2'] }, 'its certificate is for another name'],
    ['days that are over', { names: ['localhost'], to: new Date(Date.now() - DAY / 2) }, 'its certificate has expired'],
    ['days to come', { names: ['localhost'], from: new Date(Date.now() + DAY / 2) }, 'its certificate is not valid yet']
  ])('refuses a certificate for %s', async (_name, subject, message) => {
    const server = await serve(subject);
    await expect(connect(server)).rejects.toMatchObject({ code: 'server_mismatch', message: expect.stringContaining(message) });
    expect(server.asked).toBe(0);
  });

  it('refuses an unknown authority, whatever the environment says', async () => {
    const server = await serve({ names: ['localhost'] });
    const stranger = { ca: new Authority('a stranger').ca };
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      await expect(connect(server, stranger)).rejects.toThrow('unknown authority');
    } finally {
      if (before === undefined) {
        delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      } else {
        process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      }
    }
  });

  it('shows its own certificate to a server that asks', async () => {
    const server = await serve({ names: ['localhost'] }, authority.ca);
    await expect(connect(server)).rejects.toMatchObject({ name: 'VeilError' });
    expect(await infer(await connect(server, authority.issue({ names: ['client'] })))).toEqual([1, 8, 4]);
    await expect(connect(server, { cert: 'no certificate', key: 'no key' })).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('does not speak without TLS to a server that has it, nor with TLS to one that has not', async () => {
    const server = await serve({ names: ['localhost'] });
    const plain = parseTailUrl(`triton${grpc ? '+grpc' : ''}://localhost:${server.port}/tail`);
    await expect(ModelServer.connect(plain, { deadlineMs: 3000 })).rejects.toMatchObject({ name: 'VeilError' });
    const open = await ProtocolServer.start({ grpc });
    await expect(connect(open)).rejects.toMatchObject({ code: 'server_mismatch' });
    await open.stop();
  });
});
