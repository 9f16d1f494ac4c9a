import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type TritonServer } from '../../../src/protocol';
import { infer } from '../../triton/infer';
import { installTriton } from '../../triton/install';
import { veilbookSays, veilbookTells } from './evaluations';
import { describeWithToolkit, toolkit, toolkitList, veilbookRuns } from './programs';
import { makeClaim, makeNamespace, removeNamespace } from './support';
import { folderOf } from './workspaces/support';

const root = resolve(__dirname, '../../..');
const LONG = 900_000;
/** A pod of it starts slowly on a busy machine. */
const SECONDS = '--timeout=600';

/** Gives the cluster an image with a real Triton; why this machine has none, in its place. */
async function tritonImage(): Promise<{ image: string } | { why: string }> {
  const installed = await installTriton();
  if (typeof installed === 'string') {
    return { why: installed };
  }
  const packages = resolve(dirname(installed.backends), '../..');
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'test/cluster/triton-image.mjs'), packages]);
  return { image: stdout.trim() };
}

describeWithToolkit('node', 'a real Triton in the cluster', () => {
  let namespace = '';
  let image = '';
  const servers = async () =>
    (await veilbookTells<{ servers: TritonServer[] }>('list', 'triton-servers', '-n', namespace)).servers;

  beforeAll(async () => {
    const found = await tritonImage();
    if ('why' in found) {
      process.stdout.write(`skipped: no Triton for the cluster (${found.why})\n`);
      return;
    }
    image = found.image;
    namespace = await makeNamespace('triton');
    await makeClaim({ namespace, name: 'models' });
    await makeClaim({ namespace, name: 'none-yet' });
    const claim = await folderOf(namespace, 'models');
    const exported = ['--alphas', '0.8', '--platform', 'python', '--no-base'];
    await veilbookSays('export', 'triton', ...exported, '--out', join(claim, 'triton'));
  }, LONG);
  afterAll(async () => {
    if (namespace !== '') {
      await removeNamespace(namespace);
    }
  });

  /** Where there is no Triton, it says so and passes. */
  const served = (name: string, test: () => Promise<void>) => it(name, async () => (image === '' ? undefined : test()), LONG);

  served('is made by veilbook from an exported repository, answers, and is listed and deleted by the toolkit', async () => {
    const words = ['--server-name=face', '--model-repo-pvc-name=models', '--model-repo-path=triton', `--image=${image}`];
    const made = await veilbookSays('create', 'triton-server', ...words, '-m', '2Gi', '-n', namespace, SECONDS);
    expect(made.split('\n')[0]).toBe('Triton server face was made, and is ready.');
    const [server] = await servers();
    expect(server).toMatchObject({ name: 'face', status: 'ready', reason: null, claim: 'models', made_by: 'veilbook' });
    const data = new Float32Array(128 * 32 * 32);
    const sent = [{ name: 'activation', datatype: 'FP32' as const, tensor: { data, shape: [1, 128, 32, 32] } }];
    const { loc, conf } = await infer(server.http!, 'face_detection_noisy', sent);
    expect([loc.shape, conf.shape]).toEqual([
      [1, 21824, 4],
      [1, 21824, 2]
    ]);
    expect(conf.data.every(Number.isFinite)).toBe(true);
    const seen = await veilbookTells<{ statistics: unknown[] }>('tail', `triton://${server.http}/face_detection_noisy`);
    expect(seen.statistics).toHaveLength(1);

    expect(await toolkitList(namespace, 'triton-servers')).toEqual([
      {
        'Server Name': 'face',
        Status: 'Ready',
        'HTTP Endpoint': server.http,
        'gRPC Endpoint': server.grpc,
        'Metrics Endpoint': server.metrics
      }
    ]);
    await toolkit(namespace, 'delete triton-server --server-name=face --force');
    expect(await servers()).toEqual([]);
  });

  served('is made by the toolkit, and listed and deleted by veilbook', async () => {
    await toolkit(namespace, `create triton-server --server-name=theirs --model-repo-pvc-name=none-yet --image=${image}`);
    expect(await servers()).toMatchObject([
      { name: 'theirs', status: 'ready', made_by: 'netapp-dataops-toolkit', warning: null }
    ]);
    const said = await veilbookSays('delete', 'triton-server', '-s', 'theirs', '-f', '-n', namespace);
    expect(said.trim()).toBe('Triton server theirs was removed. Claim none-yet with its models stays.');
    expect(await toolkitList(namespace, 'triton-servers')).toEqual([]);
  });

  served('whose image is nowhere says so, and stays until it is deleted', async () => {
    const words = ['-s', 'bad', '-v', 'none-yet', '-i', 'veilbook.test/none:1', '-n', namespace, '--timeout=60'];
    const { code, stderr } = await veilbookRuns('create', 'triton-server', ...words);
    expect([code, stderr]).toEqual([5, expect.stringMatching(/not ready after 60 s: \w*Image\w*: .*It stays: veilbook list/)]);
    await veilbookSays('delete', 'triton-server', '-s', 'bad', '-f', '-n', namespace);
  });
});
