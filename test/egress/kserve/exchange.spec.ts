import { ModelServer, parseTailUrl, type ConnectionOptions } from '../../../src/egress/kserve';
import { activation, floatsOf, METADATA, PARAMETERS } from './model-for-tests';
import { ProtocolServer } from './protocol-server';

const WANTED = ['loc', 'conf'];

describe.each(['http', 'grpc'] as const)('the client over %s', scheme => {
  let server: ProtocolServer;
  let clients: ModelServer[] = [];
  const url = () => `triton${scheme === 'grpc' ? '+grpc' : ''}://127.0.0.1:${server.port}/tail`;
  const connect = async (options: ConnectionOptions = {}, address = url()) => {
    const client = await ModelServer.connect(parseTailUrl(address), { deadlineMs: 5000, ...options });
    clients.push(client);
    return client;
  };

  beforeEach(async () => {
    server = await ProtocolServer.start({ grpc: scheme === 'grpc' });
  });
  afterEach(async () => {
    await Promise.all(clients.map(client => client.close()));
    clients = [];
    await server.stop();
  });

  it('reads what the server says of its model', async () => {
    expect(METADATA).toMatchObject((await connect()).metadata);
  });

  it('brings an activation there and the outputs back', async () => {
    const client = await connect();
    const { outputs, version, exchange } = await client.infer([activation(3)], WANTED);
    expect(server.complaint).toBeNull();
    expect(version).toBe('1');
    expect(outputs.loc.shape).toEqual([1, 8, 4]);
    expect(Array.from(floatsOf(outputs.loc.data).subarray(0, 3))).toEqual([6, 6.03125, 6.0625]);
    expect(floatsOf(outputs.conf.data)[31]).toBe(3 + 31 / 64 + 1);
    expect(outputs.loc.data.byteOffset % 8).toBe(0);
    expect(exchange).toMatchObject({ attempts: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('asks for some of the outputs, of a named version, in a batch', async () => {
    const client = await connect({}, `${url()}/1`);
    const { outputs } = await client.infer([activation(1, 3)], ['conf']);
    expect(Object.keys(outputs)).toEqual(['conf']);
    expect(outputs.conf.shape).toEqual([3, 16, 2]);
  });

  it('counts every byte of every connection', async () => {
    const client = await connect({ maxInFlight: 3 });
    const exchanges = await Promise.all([1, 2, 3, 4, 5].map(seed => client.infer([activation(seed)], WANTED)));
    await client.statistics();
    const { traffic } = client;
    await client.close();
    await new Promise(resolve => setTimeout(resolve, 50));
    expect({ in: traffic.bytes_sent, out: traffic.bytes_received }).toEqual(server.bytes);
    const tensors = exchanges.reduce((sum, { exchange }) => sum + exchange.bytes_sent, 0);
    expect(tensors).toBeGreaterThan(5 * 128);
    expect(tensors).toBeLessThan(traffic.bytes_sent);
  });

  it('keeps connections, and opens no more than it may', async () => {
    const client = await connect({ maxInFlight: 2 });
    server.faults = { delayMs: 5 };
    const answers = await Promise.all(Array.from({ length: 8 }, (_, seed) => client.infer([activation(seed)], WANTED)));
    expect(answers.map(({ outputs }) => floatsOf(outputs.loc.data)[0])).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
    expect(server.connections).toBe(2);
  });

  it('gives the statistics as Triton has them', async () => {
    const client = await connect();
    await client.infer([activation()], WANTED);
    const { model_stats } = await client.statistics();
    expect(model_stats).toHaveLength(1);
    expect(model_stats[0]).toMatchObject({ name: 'tail', inference_count: 1, inference_stats: { queue: { count: 1, ns: 5 } } });
  });

  it('holds the model against what is expected of it', async () => {
    const client = await connect();
    const input = { name: 'activation', datatype: 'FP32', shape: [1, 2, 4, 4] };
    const outputs = [{ name: 'loc', datatype: 'FP32', shape: [1, 8, 4] }];
    await client.expect({ inputs: [input], outputs, parameters: PARAMETERS });
    const refused = (inputs: object, out: object = outputs[0], parameters = {}) =>
      client.expect({ inputs: [{ ...input, ...inputs }], outputs: [{ ...outputs[0], ...out }], parameters });
    await expect(refused({ name: 'INPUT__0' })).rejects.toThrow('no input "INPUT__0" for its model, but "activation"');
    await expect(refused({ datatype: 'INT16' })).rejects.toThrow('"FP32" instead of INT16');
    await expect(refused({ shape: [1, 128, 32, 32] })).rejects.toThrow('in shape [-1,2,4,4] instead of [1,128,32,32]');
    await expect(refused({}, { name: 'scores' })).rejects.toThrow('no output "scores"');
    await expect(refused({}, {}, { tail_sha256: 'other' })).rejects.toThrow('parameter "tail_sha256"');
    await expect(client.expect({ inputs: [], outputs })).rejects.toMatchObject({ code: 'server_mismatch' });
  });

  it('sends headers with every request, and says nothing of their values', async () => {
    const token = 'Bearer s3cret';
    const client = await connect({ headers: { Authorization: token } });
    await client.infer([activation()], WANTED);
    expect(server.lastHeaders.authorization).toBe(token);
    await expect(connect({ headers: { Authorization: `${token}\n` } })).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.not.stringContaining('s3cret')
    });
    await expect(connect({ headers: { 'Content-Length': '3' } })).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('sends nothing when a tensor is not of its size, or not one of the model', async () => {
    const client = await connect();
    const short = { ...activation(), data: new Uint8Array(8) };
    await expect(client.infer([short], WANTED)).rejects.toMatchObject({ code: 'bad_tensor' });
    await expect(client.infer([{ ...activation(), name: 'image' }], WANTED)).rejects.toMatchObject({ code: 'server_mismatch' });
    await expect(client.infer([activation()], ['boxes'])).rejects.toMatchObject({ code: 'server_mismatch' });
    expect(server.asked).toBe(0);
  });

  it('sends nothing once it is closed', async () => {
    const client = await connect({ maxInFlight: 1 });
    server.faults = { delayMs: 50 };
    const [under, waiting] = [client.infer([activation()], WANTED), client.infer([activation()], WANTED)];
    waiting.catch(() => undefined);
    await new Promise(resolve => setTimeout(resolve, 20));
    await client.close();
    await expect(under).resolves.toHaveProperty('version', '1');
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(server.asked).toBe(1);
  });

  it('stops when the caller says so', async () => {
    const client = await connect();
    server.faults = { delayMs: 2000 };
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    await expect(client.infer([activation()], WANTED, stop.signal)).rejects.toMatchObject({ code: 'cancelled', attempts: 1 });
    await expect(client.infer([activation()], WANTED, AbortSignal.abort())).rejects.toMatchObject({ bytes_sent: 0 });
  });
});
