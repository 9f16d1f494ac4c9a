import { PatchStrategy, setHeaderOptions, type V1Pod } from '@kubernetes/client-node';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { followLogs, logsOf, openJobs, removeJob, submit, waitForJob } from '../../../src/jobs';
import { type BatchJob, type BatchRequest, type EvaluationDocument } from '../../../src/protocol';
import { describeWithFaces, faces, found, makeDataClaim, restrict, veilbookTells } from './evaluations';
import { advertise } from './jupyter';
import { administrator, clients, cliImage, makeNamespace, removeNamespace, until } from './support';

const SECONDS = 400;

describeWithFaces('node', 'a data set evaluated on Kubernetes', () => {
  let namespace = '';
  let folder = '';
  let local: EvaluationDocument;
  const { core } = clients(administrator());
  const jobs = () => openJobs({ namespace, config: administrator() });
  const request = (name: string, more: Partial<BatchRequest> = {}): BatchRequest => ({
    name,
    claim: 'inference-data',
    dataset: '/data/FDDB',
    image: cliImage,
    cpu: '50m',
    memory: '64Mi',
    ...more
  });

  beforeAll(async () => {
    namespace = await makeNamespace('inference');
    await restrict(namespace);
    await advertise('nvidia.com/gpu', 2);
    folder = await makeDataClaim(namespace, 'inference-data', 'FDDB');
    local = await veilbookTells('evaluate', '--dataset', faces);
  }, 600_000);
  afterAll(() => removeNamespace(namespace));

  it('by the report’s Job prints what this machine finds', async () => {
    await submit(jobs(), request('netapp-inference-raw', { gpus: 2 }));
    const { job, result, exit } = await waitForJob(jobs(), 'netapp-inference-raw', { seconds: SECONDS });
    expect({ state: job.state, exit, shards: job.shards }).toMatchObject({ state: 'complete', exit: 0, shards: [{ pods: 1 }] });
    expect(result).toMatchObject({ average_ap: local.average_ap, bad: 0, document: null, at: null });
    const closing = [
      ...local.folds.map(({ fold, ap }) => `${fold} Val AP: ${ap}`),
      `FDDB Dataset Average AP: ${local.average_ap}`,
      '______',
      `mAP: ${local.average_ap}`
    ];
    expect(result?.lines.slice(-closing.length)).toEqual(closing);
  }, 500_000);

  it('by the report’s noisy Job tells its strength to the pod by the environment', async () => {
    await submit(jobs(), request('netapp-inference-protopia-0.8', { alpha: 0.8, gpus: 2 }));
    const lines: string[] = [];
    const [ended] = await Promise.all([
      waitForJob(jobs(), 'netapp-inference-protopia-0.8', { seconds: SECONDS }),
      followLogs(jobs(), 'netapp-inference-protopia-0.8', { seen: (_shard, text) => lines.push(text) })
    ]);
    expect(ended).toMatchObject({ job: { state: 'complete' }, exit: 0 });
    expect(ended.result!.average_ap).toBeGreaterThan(0);
    expect(ended.result!.average_ap).toBeLessThan(local.average_ap!);
    const { pods } = await logsOf(jobs(), 'netapp-inference-protopia-0.8');
    expect(lines).toEqual(pods[0].lines);
  }, 500_000);

  it('in eight shards gives the same, though a pod is killed and the node is drained half-way', async () => {
    const name = 'fddb';
    await submit(jobs(), request(name, { shards: 8, parallel: 4 }));
    const seen: BatchJob[] = [];
    const end = waitForJob(jobs(), name, { seconds: SECONDS, seen: job => seen.push(job) });
    const atWork = async () => (await podsNow()).filter(({ status }) => status?.phase === 'Running');
    await until('shards are at work', async () => (await atWork()).length >= 3, 120);
    await until('one of them has counted images', async () => seen.at(-1)?.shards.some(({ done }) => (done ?? 0) > 0), 120);

    const [killed] = await atWork();
    await core.deleteNamespacedPod({ namespace, name: killed.metadata!.name!, gracePeriodSeconds: 0 });
    await cordon(true);
    const evicted = await atWork();
    for (const { metadata } of evicted) {
      const body = { metadata: { name: metadata?.name, namespace } };
      await core.createNamespacedPodEviction({ namespace, name: metadata!.name!, body });
    }
    await until('the node is empty', async () => (await atWork()).length === 0, 120);
    expect(evicted.length).toBeGreaterThan(0);
    expect(seen.at(-1)?.state).not.toBe('complete');
    await cordon(false);

    const { job, result, exit } = await end;
    expect({ state: job.state, exit }).toEqual({ state: 'complete', exit: 0 });
    const ran = job.shards.map(({ pod }) => pod);
    [killed, ...evicted].forEach(({ metadata }) => expect(ran).not.toContain(metadata?.name));
    expect(found(result!.document as unknown as EvaluationDocument)).toEqual(found(local));
    expect(result?.at).toBe('inference-data:veilbook-results/fddb');
    const kept = JSON.parse(readFileSync(join(folder, 'veilbook-results', 'fddb', 'result.json'), 'utf8')) as EvaluationDocument;
    expect(kept).toEqual(result!.document);
    expect(seen.map(({ share }) => share).every((share, at, all) => at === 0 || share >= all[at - 1])).toBe(true);

    await removeJob(jobs(), name);
    await until('its pods are gone', async () =>
      (await podsNow()).every(({ metadata }) => metadata?.labels?.['veilbook.dev/job'] !== name)
    );
    expect(existsSync(join(folder, 'veilbook-results', 'fddb', 'result.json'))).toBe(true);
  }, 600_000);

  it('fails at once, and says why, for a data set that is not there', async () => {
    await submit(jobs(), request('nothing', { dataset: '/data/never' }));
    const { job, result, exit } = await waitForJob(jobs(), 'nothing', { seconds: SECONDS });
    expect({ state: job.state, result, exit, pods: job.shards[0].pods }).toEqual({
      state: 'failed',
      result: null,
      exit: 2,
      pods: 1
    });
    expect(job.shards[0].reason).toMatch(/never/);
  }, 200_000);

  const podsNow = async (): Promise<V1Pod[]> => (await core.listNamespacedPod({ namespace })).items;

  async function cordon(unschedulable: boolean): Promise<void> {
    const [node] = (await core.listNode()).items;
    const how = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await core.patchNode({ name: node.metadata!.name!, body: { spec: { unschedulable } } }, how);
  }
});
