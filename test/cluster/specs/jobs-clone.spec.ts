import { type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openJobs, objectsFor, removeJob, submit, waitForJob } from '../../../src/jobs';
import { type BatchJob, type BatchRequest } from '../../../src/protocol';
import {
  administrator,
  clients,
  describeAt,
  makeClaim,
  makeNamespace,
  makeSnapshot,
  removeNamespace,
  snapshotReady,
  until
} from './support';
import { faultyProxy } from './workspaces/proxy';
import { folderOf, standInKubelet } from './workspaces/support';

const REQUEST: BatchRequest = { name: 'fddb', claim: 'inference-data', dataset: 'FDDB', image: 'veilbook:1', snapshot: 'latest' };

describeAt('csi', 'a Job of a snapshot', () => {
  let namespace = '';
  let kubelet: ReturnType<typeof standInKubelet>;
  const { core } = clients(administrator());
  const jobs = () => openJobs({ namespace, config: administrator() });
  const clone = (): Promise<V1PersistentVolumeClaim | null> =>
    core.readNamespacedPersistentVolumeClaim({ namespace, name: 'fddb-data' }).catch(() => null);

  beforeAll(async () => {
    namespace = await makeNamespace('job-clone');
    await makeClaim({ namespace, name: 'inference-data' });
    const folder = await folderOf(namespace, 'inference-data');
    writeFileSync(join(folder, 'labels.txt'), 'as of the snapshot');
    await makeSnapshot(namespace, 'before', 'inference-data');
    await snapshotReady(namespace, 'before');
    writeFileSync(join(folder, 'labels.txt'), 'changed since');
    kubelet = standInKubelet(namespace);
  });
  afterAll(async () => {
    await kubelet.stop();
    await removeNamespace(namespace);
  });

  it('reads what the snapshot holds, whatever is in the claim now, and says which one that is', async () => {
    const { job } = await submit(jobs(), REQUEST);
    expect(job).toMatchObject({ snapshot: 'before', request: { snapshot: 'before' } });
    expect(readFileSync(join(await folderOf(namespace, 'fddb-data'), 'labels.txt'), 'utf8')).toBe('as of the snapshot');
    expect((await clone())?.metadata?.ownerReferences).toMatchObject([{ kind: 'Job', name: 'fddb' }]);
    expect(await submit(jobs(), REQUEST)).toMatchObject({ made: false });
  });

  it('is followed to its end through a cluster that does not answer for a while', async () => {
    const lost: string[] = [];
    const seen: BatchJob[] = [];
    const { config, close } = await faultyProxy(({ method, url, times }) =>
      method === 'GET' && url.includes('/jobs/fddb') && times < 7 ? 503 : undefined
    );
    try {
      kubelet.fail(false);
      const cluster = openJobs({ namespace, config });
      const ended = await waitForJob(cluster, 'fddb', {
        seconds: 120,
        seen: job => seen.push(job),
        trouble: line => lost.push(line)
      });
      // The stand-in runs nothing, so there is no log with a result.
      expect(ended).toMatchObject({ job: { state: 'complete', share: 1 }, result: null, exit: 0 });
      expect(lost).toEqual([expect.stringMatching(/out of order \(503.*The Job goes on; asking again\.$/)]);
    } finally {
      close();
    }
  });

  it('takes its clone with it when it is removed, and leaves the claim and the snapshot', async () => {
    expect(await removeJob(jobs(), 'fddb')).toEqual([]);
    await until('the clone is gone', async () => (await clone()) === null);
    expect((await core.readNamespacedPersistentVolumeClaim({ namespace, name: 'inference-data' })).status?.phase).toBe('Bound');
    await snapshotReady(namespace, 'before');
  });

  it('gets its clone also where whoever submitted it was cut off before', async () => {
    const [, job] = (await objectsFor(REQUEST, namespace, jobs)) as [unknown, Parameters<ReturnType<typeof jobs>['create']>[1]];
    await jobs().create('Job', job);
    expect(await clone()).toBeNull();
    expect(await submit(jobs(), REQUEST)).toMatchObject({ made: false });
    expect((await clone())?.metadata?.ownerReferences).toHaveLength(1);
    await removeJob(jobs(), 'fddb');
    await until('the clone is gone', async () => (await clone()) === null);
  });

  it('ends with the exit code of the pod that failed', async () => {
    kubelet.fail(true);
    await submit(jobs(), { ...REQUEST, snapshot: undefined, backoff_limit: 0 });
    const ended = await waitForJob(jobs(), 'fddb', { seconds: 60 });
    expect(ended).toMatchObject({ job: { state: 'failed', shards: [{ exit_code: 1, reason: 'I/O error' }] }, exit: 1 });
    await removeJob(jobs(), 'fddb');
  });
});
