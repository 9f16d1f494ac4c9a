import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelServer, parseTailUrl, type ConnectionOptions } from '../../../src/egress/kserve';
import { NoTriton, startTriton, type RunningTriton, type TritonOptions } from '../../triton/server';
import { activation, floatsOf, METADATA, PARAMETERS, tail } from './model-for-tests';

/** The tail of `model-for-tests.ts`, for Triton's python backend; a first value of -1 makes it answer NaN. */
const MODEL = `
import numpy
import triton_python_backend_utils as triton

class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            a = triton.get_input_tensor_by_name(request, 'activation').as_numpy()
            loc = (a * 2).reshape(len(a), 8, 4)
            if a.flat[0] == -1:
                loc[0, 0, 0] = numpy.nan
            if a.flat[0] == -2:
                raise triton.TritonModelException('secret of the activation')
            outputs = [triton.Tensor('loc', loc), triton.Tensor('conf', (a + 1).reshape(len(a), 16, 2))]
            answers.append(triton.InferenceResponse(outputs))
        return answers
`;
const CONFIG = `
name: "tail"
backend: "python"
max_batch_size: 8
input [{ name: "activation", data_type: TYPE_FP32, dims: [2, 4, 4] }]
output [{ name: "loc", data_type: TYPE_FP32, dims: [8, 4] }, { name: "conf", data_type: TYPE_FP32, dims: [16, 2] }]
instance_group [{ kind: KIND_CPU, count: 1 }]
dynamic_batching {}
parameters { key: "tail_sha256", value { string_value: "${PARAMETERS.tail_sha256}" } }
`;
const WANTED = ['loc', 'conf'];

describe('the client with a real Triton', () => {
  let folder: string;
  let triton: RunningTriton | null = null;
  const clients: ModelServer[] = [];

  const start = async (options: TritonOptions = {}) => {
    try {
      triton = await startTriton(join(folder, 'repository'), options);
    } catch (thrown) {
      if (!(thrown instanceof NoTriton)) {
        throw thrown;
      }
      process.stderr.write(`${thrown.message}: not tested with it\n`);
    }
    return triton;
  };
  const connect = async (url: string, options: ConnectionOptions = {}) => {
    const client = await ModelServer.connect(parseTailUrl(url), { deadlineMs: 10000, ...options });
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veilbook-kserve-'));
    await mkdir(join(folder, 'repository', 'tail', '1'), { recursive: true });
    await writeFile(join(folder, 'repository', 'tail', 'config.pbtxt'), CONFIG);
    await writeFile(join(folder, 'repository', 'tail', '1', 'model.py'), MODEL);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(client => client.close()));
    await triton?.stop();
    triton = null;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('gets the same outputs over HTTP and gRPC, from a model that it checked, and its statistics', async () => {
    const server = await start();
    if (!server) {
      return;
    }
    for (const url of [`triton://${server.http}/tail`, `triton+grpc://${server.grpc}/tail/1`]) {
      const client = await connect(url, { maxInFlight: 4 });
      const { inputs, outputs } = METADATA;
      expect(client.metadata).toMatchObject({ inputs, outputs, platform: 'python', versions: ['1'] });
      await client.expect({ inputs, outputs, parameters: PARAMETERS });
      await expect(client.expect({ inputs, outputs, parameters: { alpha: '0.8' } })).rejects.toThrow('parameter "alpha"');
      const answers = await Promise.all([1, 2, 3, 4, 5].map(seed => client.infer([activation(seed, 2)], WANTED)));
      answers.forEach(({ outputs: answered, version }, k) => {
        const [loc, conf] = tail(activation(k + 1, 2).data, 2);
        expect(floatsOf(answered.loc.data)).toEqual(floatsOf(loc.data));
        expect(floatsOf(answered.conf.data)).toEqual(floatsOf(conf.data));
        expect(version).toBe('1');
      });
      const [statistics] = (await client.statistics()).model_stats;
      expect(statistics).toMatchObject({ name: 'tail', version: '1' });
      expect(statistics.inference_count).toBeGreaterThanOrEqual(10);
      expect(statistics.inference_stats.compute_infer.ns).toBeGreaterThan(0);
    }
  });

  it('refuses NaN, and repeats nothing of what the server says of a failure', async () => {
    const server = await start();
    if (!server) {
      return;
    }
    for (const url of [`triton://${server.http}/tail`, `triton+grpc://${server.grpc}/tail`]) {
      const client = await connect(url);
      await expect(client.infer([activation(-1)], WANTED)).rejects.toMatchObject({ code: 'server_mismatch' });
      const failed = await client.infer([activation(-2)], WANTED).catch(thrown => thrown);
      expect(failed).toMatchObject({ code: 'server_unavailable', attempts: 1 });
      expect(failed.line).not.toContain('secret');
    }
  });

  it('goes on after a restart, and says in one line that the server is away', async () => {
    const server = await start();
    if (!server) {
      return;
    }
    const [http, grpc] = [server.http, server.grpc].map(each => Number(each.split(':')[1]));
    const each = await Promise.all([connect(`triton://${server.http}/tail`), connect(`triton+grpc://${server.grpc}/tail`)]);
    await Promise.all(each.map(client => client.infer([activation()], WANTED)));
    await server.stop();
    for (const client of each) {
      await expect(client.infer([activation()], WANTED)).rejects.toMatchObject({ code: 'server_unavailable' });
    }
    await start({ ports: { http, grpc } });
    await Promise.all(each.map(client => client.infer([activation()], WANTED)));
  });

  it('believes a certificate for its host alone, over gRPC', async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const fresh = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2'];
    const names = ['-subj', '/CN=triton', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync('openssl', [...fresh, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    const server = await start({ flags: ['--grpc-use-ssl=true', `--grpc-server-cert=${cert}`, `--grpc-server-key=${key}`] });
    if (!server) {
      return;
    }
    const ca = await readFile(cert, 'utf8');
    const port = server.grpc.split(':')[1];
    const client = await connect(`tritons+grpc://localhost:${port}/tail`, { ca });
    await client.infer([activation()], WANTED);
    await expect(connect(`tritons+grpc://127.0.0.1:${port}/tail`, { ca })).rejects.toThrow('another name');
    await expect(connect(`tritons+grpc://localhost:${port}/tail`)).rejects.toThrow('signed by itself');
    await expect(connect(`triton+grpc://localhost:${port}/tail`)).rejects.toMatchObject({ name: 'VeilError' });
  });
});
