import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { type OperationProgress } from '../../../../src/protocol';
import { administrator, clients, describeAt, makeNamespace, makeSnapshot, removeNamespace } from '../support';
import { faultyProxy, type Fault } from './proxy';
import { apis, claimOf, contentOf, makeWorkspace, open, put, standInKubelet } from './support';

const DEPLOYMENT = 'ntap-dsutil-jupyterlab-vision';

describeAt('csi', 'when something is wrong', () => {
  let namespace = '';
  let kubelet: ReturnType<typeof standInKubelet>;
  let snapshot = '';
  let content = '';
  let claim = '';

  beforeAll(async () => {
    namespace = await makeNamespace('faults');
    kubelet = standInKubelet(namespace);
    await makeWorkspace({ namespace, name: 'vision' });
    await put(namespace, 'vision', { 'model.onnx': 'weights' });
    const workspace = await open(namespace, 'vision');
    ({ id: snapshot } = await workspace.takeSnapshot({ label: 'good' }).result);
    await put(namespace, 'vision', { 'model.onnx': 'newer' });
  });
  beforeEach(async () => {
    [content, claim] = [await contentOf(namespace, 'vision'), await claimOf(namespace, 'vision')];
  });
  afterAll(async () => {
    await kubelet.stop();
    await removeNamespace(namespace);
  });

  async function expectAsItWas(): Promise<void> {
    expect(await claimOf(namespace, 'vision')).toBe(claim);
    expect(await contentOf(namespace, 'vision')).toBe(content);
    const { items } = await apis().core.listNamespacedPersistentVolumeClaim({ namespace });
    const staged = items.filter(({ metadata }) => metadata?.name !== claim && !metadata?.deletionTimestamp);
    expect(staged.filter(({ metadata }) => !metadata?.annotations?.['veilbook.dev/superseded-by'])).toEqual([]);
  }

  async function through<T>(fault: Fault, work: (workspace: Awaited<ReturnType<typeof open>>) => Promise<T>) {
    const proxy = await faultyProxy(fault);
    try {
      return { result: await work(await open(namespace, 'vision', proxy.config)), asked: proxy.asked };
    } finally {
      proxy.close();
    }
  }

  it.each([429, 500, 503])('asks again when each request is answered by %i at first', async code => {
    const fault: Fault = ({ times, url }) => (times === 0 && !url.endsWith('/v1') ? code : undefined);
    const { result, asked } = await through(fault, workspace => workspace.takeSnapshot({ label: `after ${code}` }).result);
    expect(result).toMatchObject({ state: 'ready', label: `after ${code}` });
    // Nothing is watched: no watch can expire (410) or be cut off.
    expect(asked.filter(({ url }) => url.includes('watch'))).toEqual([]);
  });

  it('reads its token again when the old one is refused', async () => {
    let refused = 0;
    const fault: Fault = ({ method }) => (method === 'POST' && refused++ === 0 ? 401 : undefined);
    const { result } = await through(fault, workspace => workspace.takeSnapshot({}).result);
    expect(result.state).toBe('ready');
  });

  it('says that the cluster is out of order when it stays so, and did nothing', async () => {
    const fault: Fault = ({ url, method }) => (method === 'POST' && url.includes('/volumesnapshots') ? 500 : undefined);
    await expect(through(fault, workspace => workspace.takeSnapshot({}).result)).rejects.toMatchObject({
      code: 'cluster_unavailable',
      message: expect.stringContaining('No snapshot was taken.') as string
    });
    await expectAsItWas();
  });

  it('commits all the same when only the status of the Deployment changed meanwhile (409)', async () => {
    let touched = false;
    const fault: Fault = async ({ method, url }) => {
      if (method === 'PATCH' && url.includes('/deployments/') && !url.includes('dryRun') && !touched) {
        touched = true;
        const body = { metadata: { annotations: { touched: 'yes' } } };
        await patchDeployment(body);
      }
      return undefined;
    };
    await through(fault, workspace => workspace.restore(snapshot).result);
    expect(touched).toBe(true);
    expect(await claimOf(namespace, 'vision')).not.toBe(claim);
    await (await open(namespace, 'vision')).undoRestore().result;
    expect(await contentOf(namespace, 'vision')).toBe(content);
  });

  it('leaves everything as it was when somebody changed what the Deployment specifies (409)', async () => {
    const fault: Fault = async ({ method, url }) => {
      if (method === 'PATCH' && url.includes('/deployments/') && !url.includes('dryRun')) {
        await patchDeployment({ spec: { template: { metadata: { annotations: { changed: String(Date.now()) } } } } });
      }
      return undefined;
    };
    await expect(through(fault, workspace => workspace.restore(snapshot).result)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('was changed by') as string
    });
    await open(namespace, 'vision');
    await expectAsItWas();
  });

  it('keeps within a quota', async () => {
    const { core } = apis();
    const { items } = await core.listNamespacedPersistentVolumeClaim({ namespace });
    const hard = { persistentvolumeclaims: String(items.length) };
    await core.createNamespacedResourceQuota({ namespace, body: { metadata: { name: 'full' }, spec: { hard } } });
    await expectQuota();
    await core.deleteNamespacedResourceQuota({ namespace, name: 'full' });
    await expectAsItWas();
  });

  it('lists a snapshot that has no status yet, and waits for one that fails at first', async () => {
    const workspace = await open(namespace, 'vision');
    await makeSnapshot(namespace, 'theirs', claim, 'slow');
    expect((await workspace.listSnapshots()).find(({ id }) => id === 'theirs')).toMatchObject({
      state: 'creating',
      kind: 'user'
    });
    await makeSnapshot(namespace, 'tardy', claim, 'late');
    const seen: OperationProgress[] = [];
    await expect(workspace.restore('tardy').result).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringMatching(/is not ready.*The workspace is as it was|is not ready.*Nothing was changed/) as string
    });
    expect(seen).toEqual([]);
    await expectAsItWas();
  });

  it.each(['296Ki', '0'])('makes a claim of the size the source had when the driver says %s', async restoreSize => {
    const custom = clients(administrator()).custom;
    const name = `size-${restoreSize.toLowerCase()}-${Date.now()}`;
    await custom.createClusterCustomObject({
      group: 'snapshot.storage.k8s.io',
      version: 'v1',
      plural: 'volumesnapshotclasses',
      body: {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshotClass',
        metadata: { name },
        driver: 'directory.csi.veilbook.test',
        deletionPolicy: 'Delete',
        parameters: { restoreSize }
      }
    });
    await makeSnapshot(namespace, name, claim, name);
    const workspace = await open(namespace, 'vision');
    for (let ready = false; !ready;) {
      ready = (await workspace.listSnapshots()).find(({ id }) => id === name)?.state === 'ready';
    }
    await workspace.restore(name).result;
    const now = await apis().core.readNamespacedPersistentVolumeClaim({ namespace, name: await claimOf(namespace, 'vision') });
    expect(now.spec?.resources?.requests?.storage).toBe('8Mi');
    await workspace.undoRestore().result;
    const group = 'snapshot.storage.k8s.io';
    await custom.deleteClusterCustomObject({ group, version: 'v1', plural: 'volumesnapshotclasses', name });
  });

  it('says which other pod mounts the claim, and goes on', async () => {
    const { core } = apis();
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: claim } }];
    const containers = [{ name: 'other', image: 'none', volumeMounts: [{ name: 'data', mountPath: '/data' }] }];
    await core.createNamespacedPod({ namespace, body: { metadata: { name: 'reader' }, spec: { containers, volumes } } });
    const workspace = await open(namespace, 'vision');
    const { notes } = await workspace.restore(snapshot).result;
    expect(notes).toEqual([`reader mounts ${claim} too, and goes on with what was there before.`]);
    await workspace.undoRestore().result;
    await core.deleteNamespacedPod({ namespace, name: 'reader', gracePeriodSeconds: 0 });
  });

  it('gives two snapshots of one second names of their own', async () => {
    const workspace = await open(namespace, 'vision');
    const both = [workspace.takeSnapshot({ label: 'a' }), workspace.takeSnapshot({ label: 'b' })];
    const [a, b] = await Promise.all(both.map(({ result }) => result));
    expect(a.id).not.toBe(b.id);
  });

  it('refuses a name of 41 characters and one that is taken', async () => {
    const workspace = await open(namespace, 'vision');
    const refused = { code: 'bad_request', message: expect.stringContaining('at most 40') as string };
    await expect(workspace.clone({ to: 'a'.repeat(41) }).result).rejects.toMatchObject(refused);
    await expect(workspace.clone({ to: 'vision' }).result).rejects.toMatchObject({ code: 'conflict' });
    await expect(open(namespace, 'a'.repeat(41)).then(one => one.describe())).rejects.toMatchObject({ code: 'bad_request' });
  });

  const patchDeployment = (body: object) =>
    apis().apps.patchNamespacedDeployment(
      { namespace, name: DEPLOYMENT, body },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
    );

  const expectQuota = async () => {
    const { code, message } = await (await open(namespace, 'vision')).restore(snapshot).result.then(
      () => ({ code: 'done', message: '' }),
      (thrown: { code: string; message: string }) => thrown
    );
    expect({ code, message }).toMatchObject({
      code: 'quota_exceeded',
      message: expect.stringMatching(/exceeded quota.*The workspace is as it was/) as string
    });
  };
});
