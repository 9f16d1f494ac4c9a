import { BatchV1Api, type V1Job } from '@kubernetes/client-node';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BatchJob, type BatchResult, type EvaluationDocument } from '../../../src/protocol';
import { describeWithFaces, faces, kubectlCreate, makeDataClaim, veilbookSays, veilbookTells } from './evaluations';
import { advertise } from './jupyter';
import { administrator, cliImage, clients, makeNamespace, removeNamespace, until } from './support';

const DATASET = 'netapp-face-detection/FDDB';
const NAME = 'netapp-inference-protopia-0.8';

/** The manifest in docs/jobs.md, as it is to be typed in; of it the image and the namespace are other ones here. */
function reportedManifest(namespace: string): string {
  const [, yaml] = /```yaml\n(.*?)```/s.exec(readFileSync(join(__dirname, '../../../docs/jobs.md'), 'utf8'))!;
  return yaml.replace(/image: \S+/, `image: ${cliImage}`).replace(/namespace: \S+/, `namespace: ${namespace}`);
}

describeWithFaces('node', 'kubectl create -f', () => {
  let namespace = '';
  const { core } = clients(administrator());
  const batch = administrator().makeApiClient(BatchV1Api);
  beforeAll(async () => {
    namespace = await makeNamespace('report');
    await advertise('nvidia.com/gpu', 2);
    await makeDataClaim(namespace, 'inference-data', DATASET);
  });
  afterAll(() => removeNamespace(namespace));

  it('of the report’s own manifest runs its program, and prints its closing lines', async () => {
    await kubectlCreate(namespace, reportedManifest(namespace));
    const job = await until('the Job is over', () => over(NAME), 300);
    expect(job.status).toMatchObject({ succeeded: 1 });
    expect(job.spec?.template.spec?.containers[0].command).toContain('run-accuracy-measurement.py');
    const { items } = await core.listNamespacedPod({ namespace, labelSelector: `job-name=${NAME}` });
    const log = await core.readNamespacedPodLog({ namespace, name: items[0].metadata!.name! });
    expect(log.trimEnd()).toMatch(/(FDDB-fold-\d+ Val AP: 0\.\d+\n)+FDDB Dataset Average AP: (0\.\d+)\n______\nmAP: \2$/);
  }, 400_000);

  it('of what veilbook job manifest prints makes a Job that veilbook job follows', async () => {
    const asked = ['--claim', 'inference-data', '--dataset', `/data/${DATASET}`, '--image', cliImage, '--cpu', '50m'];
    await kubectlCreate(
      namespace,
      await veilbookSays('job', 'manifest', '--namespace', namespace, '--name', 'printed', ...asked)
    );
    const here = await veilbookTells<EvaluationDocument>('evaluate', '--dataset', faces);
    const { job, result } = await veilbookTells<{ job: BatchJob; result: BatchResult }>(
      ...['job', 'wait', 'printed', '--namespace', namespace]
    );
    expect(job).toMatchObject({ state: 'complete', request: { dataset: `/data/${DATASET}` } });
    expect(result.average_ap).toBe(here.average_ap);
  }, 400_000);

  async function over(name: string): Promise<V1Job | false> {
    const job = await batch.readNamespacedJob({ namespace, name });
    return (
      (job.status?.conditions ?? []).some(({ type, status }) => ['Complete', 'Failed'].includes(type) && status === 'True') && job
    );
  }
});
