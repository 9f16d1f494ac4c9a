import { makeNamespace, removeNamespace, describeAt, until } from '../support';
import { apis, claimOf, contentOf, makeWorkspace, open, put, standInKubelet } from './support';

describeAt('csi', 'a workspace', () => {
  let namespace = '';
  let kubelet: ReturnType<typeof standInKubelet>;
  beforeAll(async () => {
    namespace = await makeNamespace('workspace');
    kubelet = standInKubelet(namespace);
    await makeWorkspace({ namespace, name: 'vision', resources: { cpu: '100m', memory: '64Mi', 'example.com/gpu': '2' } });
  });
  afterAll(async () => {
    await kubelet.stop();
    await removeNamespace(namespace);
  });

  it('is snapshot, changed, restored, restored back, and cloned', async () => {
    await put(namespace, 'vision', { 'model.onnx': 'weights', 'notes/first.ipynb': '{}', empty: '' });
    const before = await contentOf(namespace, 'vision');
    const workspace = await open(namespace, 'vision');

    const taken = await workspace.takeSnapshot({ label: 'before training', saved_documents: true }).result;
    expect(taken).toMatchObject({ label: 'before training', state: 'ready', kind: 'user', saved_documents: true, method: 'csi' });
    expect((await workspace.listSnapshots()).map(({ id }) => id)).toEqual([taken.id]);

    await put(namespace, 'vision', { 'model.onnx': 'spoilt', later: 'x' });
    const spoilt = await contentOf(namespace, 'vision');
    const restored = await workspace.restore(taken.id).result;
    expect(await contentOf(namespace, 'vision')).toBe(before);
    expect(await workspace.describe()).toMatchObject({ last_restore: { snapshot: taken.id, undone: false }, snapshots: 2 });
    const [safety] = await workspace.listSnapshots();
    expect(safety).toMatchObject({ id: restored.safety, kind: 'safety', label: 'before the restore of before training' });

    await workspace.undoRestore().result;
    expect(await contentOf(namespace, 'vision')).toBe(spoilt);
    await expect(workspace.undoRestore().result).rejects.toMatchObject({ code: 'not_found' });

    const made = await workspace.clone({ to: 'attempt-2', snapshot: taken.id }).result;
    expect(made).toMatchObject({ name: 'attempt-2', made_here: true, clone_of: { workspace: 'vision', snapshot: taken.id } });
    expect(await contentOf(namespace, 'attempt-2')).toBe(before);
    const name = 'ntap-dsutil-jupyterlab-attempt-2';
    const { spec } = await apis().apps.readNamespacedDeployment({ namespace, name });
    const [container] = spec?.template.spec?.containers ?? [];
    expect(container.resources?.limits).toEqual({ cpu: '100m', memory: '64Mi', 'example.com/gpu': '2' });
    expect(container.env).toEqual([{ name: 'JUPYTER_ENABLE_LAB', value: 'yes' }]);
    expect((await workspace.listWorkspaces()).map(one => one.name).sort()).toEqual(['attempt-2', 'vision']);

    await workspace.deleteWorkspace({ workspace: 'attempt-2', confirm: 'attempt-2' }).result;
    expect((await workspace.listWorkspaces()).map(one => one.name)).toEqual(['vision']);
    expect(await contentOf(namespace, 'vision')).toBe(spoilt);
  });

  it('keeps the claim from before a restore, and says what took its place', async () => {
    const { items } = await apis().core.listNamespacedPersistentVolumeClaim({ namespace });
    const now = await claimOf(namespace, 'vision');
    const others = items.filter(({ metadata }) => metadata?.name !== now && !metadata?.name?.includes('attempt'));
    expect(others.map(({ metadata }) => metadata?.annotations?.['veilbook.dev/superseded-by'])).toEqual([now]);
  });

  it('keeps its claim’s name where the toolkit made it and volumes may be exchanged', async () => {
    await makeWorkspace({ namespace, name: 'named' });
    const claim = await claimOf(namespace, 'named');
    await put(namespace, 'named', { 'model.onnx': 'weights' });
    const workspace = await open(namespace, 'named', undefined, 15, true);
    const before = await contentOf(namespace, 'named');
    const { id } = await workspace.takeSnapshot({ label: 'before' }).result;
    await put(namespace, 'named', { 'model.onnx': 'spoilt' });
    const spoilt = await contentOf(namespace, 'named');
    await workspace.restore(id).result;
    expect([await claimOf(namespace, 'named'), await contentOf(namespace, 'named')]).toEqual([claim, before]);
    await workspace.undoRestore().result;
    expect([await claimOf(namespace, 'named'), await contentOf(namespace, 'named')]).toEqual([claim, spoilt]);
    const { spec } = await apis().apps.readNamespacedDeployment({ namespace, name: 'ntap-dsutil-jupyterlab-named' });
    expect(spec?.replicas).toBe(1);
    const volumes = (await apis().core.listPersistentVolume()).items.filter(
      ({ spec: one }) => one?.claimRef?.namespace === namespace
    );
    expect(new Set(volumes.map(({ spec: one }) => one?.persistentVolumeReclaimPolicy))).toEqual(new Set(['Delete']));
  });

  it('keeps its claim’s name and size also where the claim grew since the snapshot', async () => {
    await makeWorkspace({ namespace, name: 'grown' });
    const name = await claimOf(namespace, 'grown');
    await put(namespace, 'grown', { 'model.onnx': 'weights' });
    const workspace = await open(namespace, 'grown', undefined, 15, true);
    const before = await contentOf(namespace, 'grown');
    const { id } = await workspace.takeSnapshot({ label: 'small' }).result;
    const { core } = apis();
    const sizeOf = async () => (await core.readNamespacedPersistentVolumeClaim({ namespace, name })).status?.capacity?.storage;
    const claim = await core.readNamespacedPersistentVolumeClaim({ namespace, name });
    const spec = { ...claim.spec, resources: { requests: { storage: '16Mi' } } };
    await core.replaceNamespacedPersistentVolumeClaim({ namespace, name, body: { ...claim, spec } });
    await until('it has grown', async () => (await sizeOf()) === '16Mi');
    await workspace.restore(id).result;
    await until('the restored volume has grown, too', async () => (await sizeOf()) === '16Mi');
    expect([await claimOf(namespace, 'grown'), await contentOf(namespace, 'grown')]).toEqual([name, before]);
    await workspace.undoRestore().result;
    expect([await claimOf(namespace, 'grown'), await sizeOf()]).toEqual([name, '16Mi']);
  });

  it('is as it was when the restored volume cannot be read', async () => {
    const workspace = await open(namespace, 'vision');
    const [{ id }] = await workspace.listSnapshots();
    const [claim, content] = [await claimOf(namespace, 'vision'), await contentOf(namespace, 'vision')];
    const count = (await workspace.listSnapshots()).length;
    kubelet.fail(true);
    await expect(workspace.restore(id).result).rejects.toMatchObject({
      code: 'snapshot_damaged',
      message: expect.stringContaining('The workspace is as it was.') as string
    });
    kubelet.fail(false);
    expect(await claimOf(namespace, 'vision')).toBe(claim);
    expect(await contentOf(namespace, 'vision')).toBe(content);
    expect(await workspace.listSnapshots()).toHaveLength(count);
  });
});
