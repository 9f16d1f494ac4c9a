import { ModelServer, parseTailUrl, ServerFailure, type ConnectionOptions } from '../../../src/egress/kserve';
import { activation, bytesOf, METADATA, PARAMETERS, VALUES } from './model-for-tests';
import { ProtocolServer, type Faults, type Reply } from './protocol-server';

const WANTED = ['loc', 'conf'];
/** Text that a server repeats of the request, and a part of the tensor as it would be seen in one. */
const ECHO = /unexpected|activation"/;

/** Time for a client to hear that its connections were closed. */
const noticed = () => new Promise(resolve => setTimeout(resolve, 50));
const loc = (change: object) => (reply: Reply) => ({
  ...reply,
  outputs: reply.outputs.map(output => (output.name === 'loc' ? { ...output, ...change } : output))
});
const locOf = (value: number) => loc({ data: bytesOf(new Float32Array(VALUES).fill(value, 7, 8)) });

describe.each(['http', 'grpc'] as const)('a server that goes wrong over %s', scheme => {
  const grpc = scheme === 'grpc';
  let server: ProtocolServer;
  let client: ModelServer;
  const address = (port = server.port) => parseTailUrl(`triton${grpc ? '+grpc' : ''}://127.0.0.1:${port}/tail`);
  const connect = (options: ConnectionOptions = {}) => ModelServer.connect(address(), { deadlineMs: 5000, ...options });
  const infer = () => client.infer([activation()], WANTED);
  /** The failure of one inference under faults: one line, in our words. */
  const failure = async (faults: Faults): Promise<ServerFailure> => {
    server.faults = faults;
    const thrown: ServerFailure = await infer().then(
      () => Promise.reject(new Error('no failure')),
      reason => reason
    );
    expect(thrown).toBeInstanceOf(ServerFailure);
    expect(thrown.line).not.toMatch(/\n/);
    expect(thrown.line).not.toMatch(ECHO);
    expect(thrown.message).toContain(`127.0.0.1:${server.port}`);
    return thrown;
  };

  beforeEach(async () => {
    server = await ProtocolServer.start({ grpc });
    client = await connect();
  });
  afterEach(async () => {
    await client.close();
    await server.stop();
  });

  it.each<[string, Faults, string]>([
    ['another shape', { edit: loc({ shape: [1, 4, 8] }) }, 'another type or shape'],
    ['another batch', { edit: loc({ shape: [2, 8, 4], data: new Uint8Array(8 * VALUES) }) }, 'another type or shape'],
    ['another type', { edit: loc({ datatype: 'INT32' }) }, 'another type or shape'],
    ['fewer bytes', { edit: loc({ data: new Uint8Array(4 * VALUES - 4) }) }, 'bytes, which its shape does not have'],
    ['another name', { edit: loc({ name: 'boxes' }) }, 'an output that was not asked for'],
    ['an output twice', { edit: reply => ({ ...reply, outputs: [...reply.outputs, reply.outputs[0]] }) }, 'not asked for'],
    ['an output less', { edit: reply => ({ ...reply, outputs: reply.outputs.slice(1) }) }, 'left output "loc" out'],
    ['NaN', { edit: locOf(Number.NaN) }, 'no numbers'],
    ['infinity', { edit: locOf(-Infinity) }, 'no numbers'],
    ['another model', { edit: reply => ({ ...reply, model: 'other' }) }, 'another model'],
    ['another id', { edit: reply => ({ ...reply, id: 'other' }) }, 'another request'],
    ['leftover bytes', { leftover: 4 }, grpc ? 'not one whole message' : 'more bytes than its outputs have'],
    ['no end', { endless: true }, 'sent more than'],
    ['too long an answer', { leftover: 1 << 20 }, 'sent more than'],
    ['another content type', { headers: { 'content-type': 'text/html' } }, grpc ? 'does not speak gRPC' : 'content type'],
    ['compression', { headers: { [grpc ? 'grpc-encoding' : 'content-encoding']: 'gzip' } }, 'compressed'],
    ['rubbish', { text: '\n\x7funexpected' }, grpc ? 'cannot be read' : 'longer header']
  ])('refuses %s, and sends the tensor once', async (_name, faults, message) => {
    const thrown = await failure(faults);
    expect(thrown).toMatchObject({ code: 'server_mismatch', attempts: 1, departed: true });
    expect(thrown.message).toContain(message);
    expect(server.asked).toBe(1);
  });

  it('refuses a redirect and goes nowhere', async () => {
    const elsewhere = await ProtocolServer.start({ grpc });
    const thrown = await failure({ status: 307, location: `http://127.0.0.1:${elsewhere.port}/v2/models/tail/infer` });
    expect(thrown).toMatchObject({ code: 'egress_refused', attempts: 1 });
    expect(elsewhere.connections).toBe(0);
    await elsewhere.stop();
  });

  it.each([
    [400, 'server_mismatch', 1],
    [401, 'server_unavailable', 1],
    [404, 'server_mismatch', 1],
    [500, 'server_unavailable', 1],
    [503, 'server_unavailable', 3]
  ])('says status %i in its own words', async (status, code, attempts) => {
    expect(await failure({ status })).toMatchObject({ code, attempts });
  });

  it('sends the tensor again when the server was not ready, or closed without an answer', async () => {
    server.faults = { status: 503, times: 2 };
    expect((await infer()).exchange.attempts).toBe(3);
    server.faults = { hangUp: true, times: 1 };
    const { exchange } = await infer();
    expect(exchange.attempts).toBe(2);
    expect(await failure({ hangUp: true })).toMatchObject({ code: 'server_unavailable', attempts: 3 });
  });

  it('does not send it again after half an answer', async () => {
    const thrown = await failure({ half: true });
    expect(thrown).toMatchObject({ code: 'server_unavailable', attempts: 1 });
    expect(thrown.message).toContain('in the middle of its answer');
    server.faults = {};
    await infer();
  });

  it('does not wait for ever', async () => {
    await client.close();
    client = await connect({ deadlineMs: 300 });
    expect(await failure({ delayMs: 2000 })).toMatchObject({ code: 'timed_out', attempts: 1, departed: true });
  });

  it('says that the server is away, and that nothing went', async () => {
    const { port } = server;
    await server.stop();
    await noticed();
    const away = { code: 'server_unavailable', message: expect.stringContaining('nothing listens there') };
    await expect(infer()).rejects.toMatchObject({ ...away, attempts: 0, bytes_sent: 0 });
    await expect(ModelServer.connect(address(port))).rejects.toMatchObject(away);
    server = await ProtocolServer.start({ grpc });
  });

  it('checks a server that came back before it sends a tensor', async () => {
    const { port } = server;
    await infer();
    await server.stop();
    server = await ProtocolServer.start({ grpc, port });
    // The old connection may be closed already, or break under this request; both ways it arrives once.
    await infer();
    server.dropConnections();
    await noticed();
    server.metadata = { ...METADATA, outputs: METADATA.outputs.slice(1) };
    expect(await failure({})).toMatchObject({ code: 'server_mismatch', bytes_sent: 0 });
    expect(server.asked).toBe(1);
  });

  it('checks parameters of the model on each new connection', async () => {
    const { inputs, outputs } = METADATA;
    await client.expect({ inputs, outputs, parameters: PARAMETERS });
    server.dropConnections();
    await noticed();
    server.parameters = {};
    expect(await failure({})).toMatchObject({ code: 'server_mismatch', bytes_sent: 0 });
  });

  it('does not connect where server or model is not ready, or another', async () => {
    server.faults = { notReady: 'server' };
    await expect(connect()).rejects.toBeInstanceOf(ServerFailure);
    server.faults = { notReady: 'model' };
    await expect(connect()).rejects.toBeInstanceOf(ServerFailure);
    server.faults = {};
    server.metadata = { ...METADATA, name: 'other' };
    await expect(connect()).rejects.toMatchObject({ code: 'server_mismatch' });
    const unknown = parseTailUrl(`triton${grpc ? '+grpc' : ''}://127.0.0.1:${server.port}/unknown`);
    await expect(ModelServer.connect(unknown)).rejects.toMatchObject({ code: 'server_mismatch' });
    server.faults = { delayMs: 2000, delayAll: true };
    await expect(connect({ deadlineMs: 200 })).rejects.toMatchObject({ code: 'timed_out' });
  });

  it('tells the protocols apart', async () => {
    const other = await ProtocolServer.start({ grpc: !grpc });
    await expect(ModelServer.connect(address(other.port), { deadlineMs: 3000 })).rejects.toMatchObject({
      code: 'server_mismatch'
    });
    await other.stop();
  });
});

describe('an HTTP server', () => {
  it('without binary tensors is not used', async () => {
    const server = await ProtocolServer.start();
    server.faults = { extensions: ['classification'] };
    const address = parseTailUrl(`triton://127.0.0.1:${server.port}/tail`);
    await expect(ModelServer.connect(address)).rejects.toThrow('does not say that it reads binary tensors');
    server.faults = {};
    const client = await ModelServer.connect(address);
    server.faults = { headers: { 'inference-header-content-length': '', 'content-type': 'application/json' } };
    await expect(client.infer([activation()], WANTED)).rejects.toThrow('without binary tensors');
    await client.close();
    await server.stop();
  });
});
