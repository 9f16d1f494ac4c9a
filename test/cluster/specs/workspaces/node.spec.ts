import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeAt, makeNamespace, removeNamespace, until } from '../support';
import { apis, claimOf, contentOf, folderOf, makeWorkspace, open, put } from './support';

describeAt('node', 'a workspace whose pods run', () => {
  let namespace = '';
  beforeAll(async () => {
    namespace = await makeNamespace('running');
  });
  afterAll(() => removeNamespace(namespace));

  const ready = (name: string) =>
    until(`${name} is ready`, async () => {
      const { status } = await apis().apps.readNamespacedDeployment({ namespace, name: `ntap-dsutil-jupyterlab-${name}` });
      return status?.readyReplicas === 1;
    });

  it('is restored where a claim binds only when a pod uses it, and back', async () => {
    await makeWorkspace({ namespace, name: 'late', storageClassName: 'directory-late' });
    await ready('late');
    await put(namespace, 'late', { 'model.onnx': 'weights', 'notes/first.ipynb': '{}' });
    const workspace = await open(namespace, 'late');
    const before = await contentOf(namespace, 'late');
    const { id } = await workspace.takeSnapshot({ label: 'before' }).result;
    await put(namespace, 'late', { 'model.onnx': 'spoilt' });
    const spoilt = await contentOf(namespace, 'late');
    await workspace.restore(id).result;
    expect(await contentOf(namespace, 'late')).toBe(before);
    await ready('late');
    await workspace.undoRestore().result;
    expect(await contentOf(namespace, 'late')).toBe(spoilt);
    await workspace.clone({ to: 'late-2', snapshot: id }).result;
    await ready('late-2');
    expect(await contentOf(namespace, 'late-2')).toBe(before);
  });

  it('gets files back while it runs, and gives them up again', async () => {
    await makeWorkspace({ namespace, name: 'files' });
    await ready('files');
    const odd = 'two words, "quotes" and ünïcode';
    await put(namespace, 'files', { 'data/a.csv': '1', [`data/${odd}`]: '2', 'other.txt': 'old' });
    const folder = await folderOf(namespace, await claimOf(namespace, 'files'));
    chmodSync(join(folder, 'data/a.csv'), 0o640);
    symlinkSync('a.csv', join(folder, 'data/link'));
    const workspace = await open(namespace, 'files');
    const { id } = await workspace.takeSnapshot({}).result;
    const pods = async () => (await apis().core.listNamespacedPod({ namespace })).items.map(({ metadata }) => metadata?.uid);
    await put(namespace, 'files', {
      'data/a.csv': 'spoilt',
      [`data/${odd}`]: 'spoilt',
      'data/new.csv': 'stays',
      'other.txt': 'newer'
    });
    writeFileSync(join(folder, 'data/a.csv'), 'spoilt');
    const spoilt = await contentOf(namespace, 'files');
    const running = await pods();

    const report = await workspace.restoreFiles(id, ['data']).result;
    const read = (path: string) => readFileSync(join(folder, path), 'utf8');
    expect([read('data/a.csv'), read(`data/${odd}`), read('data/link')]).toEqual(['1', '2', '1']);
    expect([read('data/new.csv'), read('other.txt')]).toEqual(['stays', 'newer']);
    expect(running.every(uid => uid !== undefined)).toBe(true);
    expect(await pods()).toEqual(expect.arrayContaining(running.slice(0, 1)));

    expect(report.created).toBeNull();
    await workspace.undoRestore().result;
    expect(await contentOf(namespace, 'files')).toBe(spoilt);
    await expect(workspace.restoreFiles(id, ['../etc']).result).rejects.toMatchObject({ code: 'bad_request' });
    await expect(workspace.restoreFiles(id, ['nowhere']).result).rejects.toMatchObject({ code: 'output_unwritable' });
  });
});
