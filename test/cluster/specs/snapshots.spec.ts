import {
  administrator,
  clients,
  describeAt,
  makeClaim,
  makeNamespace,
  makeSnapshot,
  readSnapshot,
  removeNamespace,
  runShell,
  snapshotReady,
  until
} from './support';

let namespace = '';
beforeAll(async () => {
  namespace = await makeNamespace('snapshots');
});
afterAll(() => removeNamespace(namespace));

describeAt('csi', 'a snapshot', () => {
  const { core } = clients(administrator());

  beforeAll(() => makeClaim({ namespace, name: 'source' }));

  it('is ready with the size that a restore must ask for', async () => {
    await makeSnapshot(namespace, 'plain', 'source');
    const { status } = await snapshotReady(namespace, 'plain');
    expect(status?.restoreSize).toBe('8Mi');
  });

  it('exists before it is ready on slow storage', async () => {
    await makeSnapshot(namespace, 'slow', 'source', 'slow');
    const first = await until('it has a status', async () => (await readSnapshot(namespace, 'slow')).status);
    expect(first.readyToUse).not.toBe(true);
    await snapshotReady(namespace, 'slow');
  });

  it('shows an error that passes when the storage was only busy', async () => {
    await makeSnapshot(namespace, 'late', 'source', 'late');
    const error = await until('it shows the error', async () => (await readSnapshot(namespace, 'late')).status?.error);
    expect(error.message).toContain('storage is busy');
    const { status } = await snapshotReady(namespace, 'late');
    expect(status?.error).toBeUndefined();
  });

  it('keeps the storage system’s own words when it never works', async () => {
    await makeSnapshot(namespace, 'broken', 'source', 'broken');
    const error = await until('it shows the error', async () => (await readSnapshot(namespace, 'broken')).status?.error);
    expect(error.message).toContain('the storage system is out of order');
  });

  it('may not know its size', async () => {
    await makeSnapshot(namespace, 'sizeless', 'source', 'sizeless');
    const { status } = await snapshotReady(namespace, 'sizeless');
    expect(status?.restoreSize ?? '0').toBe('0');
  });

  it('becomes a claim that binds at once, and a claim that grows', async () => {
    await makeSnapshot(namespace, 'origin', 'source');
    await snapshotReady(namespace, 'origin');
    await makeClaim({ namespace, name: 'restored', fromSnapshot: 'origin' });
    const read = () => core.readNamespacedPersistentVolumeClaim({ namespace, name: 'restored' });
    await until('it is bound', async () => (await read()).status?.phase === 'Bound');
    const claim = await read();
    await core.replaceNamespacedPersistentVolumeClaim({
      namespace,
      name: 'restored',
      body: { ...claim, spec: { ...claim.spec, resources: { requests: { storage: '16Mi' } } } }
    });
    await until('it has grown', async () => (await read()).status?.capacity?.storage === '16Mi');
  });
});

describeAt('node', 'data in a snapshot', () => {
  it('comes back byte for byte, and not what was written later', async () => {
    await makeClaim({ namespace, name: 'work' });
    const write = 'head -c 1000000 /dev/urandom > /data/model; ln -s model /data/link; sha256sum < /data/model';
    const written = await runShell(namespace, 'writer', 'work', write);
    await makeSnapshot(namespace, 'before', 'work');
    await snapshotReady(namespace, 'before');
    await runShell(namespace, 'spoiler', 'work', 'echo gone > /data/model; touch /data/later');
    await makeClaim({ namespace, name: 'back', fromSnapshot: 'before' });
    const read = await runShell(namespace, 'reader', 'back', 'sha256sum < /data/link; ls /data');
    expect(read).toBe(`${written}\nlink\nmodel`);
  });

  it('waits for its first consumer where the class says so', async () => {
    await makeClaim({ namespace, name: 'later', storageClassName: 'directory-late' });
    const { core } = clients(administrator());
    const claim = await core.readNamespacedPersistentVolumeClaim({ namespace, name: 'later' });
    expect(claim.status?.phase).toBe('Pending');
    expect(await runShell(namespace, 'first-consumer', 'later', 'echo here > /data/file; cat /data/file')).toBe('here');
  });
});
