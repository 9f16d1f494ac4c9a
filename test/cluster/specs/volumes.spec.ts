import { RbacAuthorizationV1Api, type V1Role, type V1RoleBinding } from '@kubernetes/client-node';
import {
  type Volume,
  type VolumeSnapshotRow,
  openToolkit,
  createVolume,
  createSnapshot,
  listVolumes,
  cloneVolume,
  removableVolume,
  removeAll,
  restoreVolume,
  volumeRoleFor
} from '../../../src/toolkit';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithToolkit, toolkit, toolkitList, veilbookRuns } from './programs';
import { administrator, asServiceAccount, clients, describeAt, makeNamespace, removeNamespace, shellPod, until } from './support';
import { folderOf } from './workspaces/support';

const { core } = clients(administrator());

describeWithToolkit('csi', 'volumes and snapshots', () => {
  let namespace = '';
  const veilbook = async (words: string) => {
    const { code, stdout, stderr } = await veilbookRuns(...words.split(' '), `--namespace=${namespace}`);
    return { code, said: stdout.trim(), stderr };
  };
  const done = async (words: string): Promise<string> => {
    const { code, said, stderr } = await veilbook(words);
    expect([words, code, code === 0 ? '' : stderr]).toEqual([words, 0, '']);
    return said;
  };
  const volumes = async () => (JSON.parse(await done('list volumes --json')) as { volumes: Volume[] }).volumes;
  const snapshots = async () =>
    (JSON.parse(await done('list volume-snapshots --json')) as { snapshots: VolumeSnapshotRow[] }).snapshots;

  beforeAll(async () => {
    namespace = await makeNamespace('volumes');
  });
  afterAll(() => removeNamespace(namespace));

  it('are made, snapshot, cloned and listed by veilbook, and listed and deleted by the toolkit', async () => {
    expect(await done('create volume --pvc-name=data --size=8Mi')).toBe('Volume data was made: Bound, 8Mi.');
    expect(await done('create volume --pvc-name=data --size=8Mi')).toBe('Volume data was made before: Bound, 8Mi.');
    const other = await veilbook('create volume --pvc-name=data --size=9Mi');
    expect([other.code, other.stderr]).toEqual([5, expect.stringMatching(/asked for in other words. Nothing was made/)]);
    expect(await done('create volume-snapshot --pvc-name=data --snapshot-name=first')).toBe(
      'Snapshot first of volume data was taken.'
    );
    expect(await done('clone volume --new-pvc-name=copy --source-snapshot-name=first')).toMatch(
      /^Volume copy was made, of snapshot first: Bound/
    );
    expect(await toolkitList(namespace, 'volumes')).toMatchObject([
      {
        'PersistentVolumeClaim (PVC) Name': 'copy',
        Status: 'Bound',
        Clone: 'Yes',
        'Source PVC': 'data',
        'Source VolumeSnapshot': 'first'
      },
      { 'PersistentVolumeClaim (PVC) Name': 'data', Status: 'Bound', Clone: 'No' }
    ]);
    expect(await toolkitList(namespace, 'volume-snapshots')).toMatchObject([
      { 'VolumeSnapshot Name': 'first', 'Ready to Use': 'True' }
    ]);
    await toolkit(namespace, 'delete volume --pvc-name=copy --force');
    await toolkit(namespace, 'delete volume-snapshot --snapshot-name=first --force');
    expect((await volumes()).map(({ name }) => name)).toEqual(['data']);
    expect(await snapshots()).toEqual([]);
  }, 600_000);

  it('of the toolkit are cloned, listed and deleted by veilbook', async () => {
    await toolkit(namespace, 'create volume --pvc-name=theirs --size=8Mi');
    await toolkit(namespace, 'create volume-snapshot --pvc-name=theirs --snapshot-name=by-them');
    expect(await snapshots()).toMatchObject([{ name: 'by-them', ready: true, claim: 'theirs', snapshot_class: 'csi-snapclass' }]);
    const cloned = JSON.parse(await done('clone volume -p ours -v theirs --json')) as { snapshot: string; taken: boolean };
    expect(cloned).toMatchObject({ taken: true, made: true, late: false });
    expect((await volumes()).find(({ name }) => name === 'ours')?.clone).toEqual({
      claim: 'theirs',
      claim_gone: false,
      snapshot: cloned.snapshot,
      snapshot_gone: false
    });
    const would = await done('delete volume -p theirs --dry-run');
    expect(would).toContain('volumesnapshot/by-them would be removed');
    await done('del vol -p theirs -f');
    expect((await volumes()).find(({ name }) => name === 'ours')?.clone).toMatchObject({ claim_gone: true, snapshot_gone: true });
    expect(await snapshots()).toEqual([]);
  }, 600_000);
});

describeAt('csi', 'a volume', () => {
  let namespace = '';
  beforeAll(async () => {
    namespace = await makeNamespace('volume');
  });
  afterAll(() => removeNamespace(namespace));
  const open = () => openToolkit({ namespace, config: administrator() }, 'volumes');

  it('of a class that binds late is not waited for', async () => {
    const late = await createVolume(await open(), { name: 'late', size: '8Mi', storageClass: 'directory-late' }, { seconds: 60 });
    expect(late).toMatchObject({ made: true, late: true, claim: { status: { phase: 'Pending' } } });
  });

  it('of a class that is not there is waited for no longer than said, and the cluster’s reason is told', async () => {
    const reasons: (string | null)[] = [];
    const asked = { name: 'never', size: '8Mi', storageClass: 'nowhere' };
    await expect(createVolume(await open(), asked, { seconds: 20, seen: reason => reasons.push(reason) })).rejects.toMatchObject({
      code: 'timed_out',
      line: expect.stringMatching(/storageclass.*"nowhere" not found.*It stays: veilbook list volumes/)
    });
    expect(reasons.join()).toMatch(/nowhere/);
  });

  it('that a pod mounts is not removed, nor with a pinned snapshot', async () => {
    const cluster = await open();
    await createVolume(cluster, { name: 'used', size: '8Mi' });
    await core.createNamespacedPod({ namespace, body: shellPod('user', 'used', 'true') });
    await expect(removableVolume(cluster, 'used', false)).rejects.toMatchObject({
      message: expect.stringMatching(/mounted by pod user/)
    });
    await core.deleteNamespacedPod({ namespace, name: 'user' });
    await until('the pod is gone', async () => (await core.listNamespacedPod({ namespace })).items.length === 0);
    const kept = await createSnapshot(cluster, { claim: 'used', name: 'kept' });
    await cluster.patch('VolumeSnapshot', 'kept', { metadata: { annotations: { 'veilbook.dev/pinned': 'true' } } });
    await expect(removableVolume(cluster, 'used', false)).rejects.toMatchObject({
      message: expect.stringMatching(/pinned: kept/)
    });
    await removeAll(cluster, await removableVolume(cluster, 'used', true));
    expect((await listVolumes(cluster)).map(({ name }) => name)).not.toContain('used');
    expect(kept.status?.readyToUse).toBe(true);
  });

  it('whose snapshot is stopped leaves none, and one whose snapshot goes wrong says why', async () => {
    const cluster = await open();
    await createVolume(cluster, { name: 'data', size: '8Mi' });
    const stop = new AbortController();
    const seen = () => stop.abort();
    await expect(
      createSnapshot(cluster, { claim: 'data', name: 'stopped', snapshotClass: 'broken' }, { signal: stop.signal, seen })
    ).rejects.toMatchObject({ code: 'cancelled', message: 'Stopped. No snapshot was taken.' });
    await expect(
      cloneVolume(cluster, { name: 'copy', claim: 'data', snapshotClass: 'broken' }, { seconds: 10 })
    ).rejects.toMatchObject({ code: 'timed_out', message: expect.stringMatching(/is not ready after 10 s: \S+/) });
    expect((await listVolumes(cluster)).map(({ name }) => name)).not.toContain('copy');
  });

  it('is given what a snapshot holds under its own name, and keeps what was there; cut off, the next call carries it to its end', async () => {
    const cluster = await open();
    await createVolume(cluster, { name: 'work', size: '8Mi' });
    const write = async (text: string) => writeFileSync(join(await folderOf(namespace, 'work'), 'labels.csv'), text);
    const holds = async (claim: string) => readFileSync(join(await folderOf(namespace, claim), 'labels.csv'), 'utf8');
    await write('one');
    await createSnapshot(cluster, { claim: 'work', name: 'one' });
    await write('two');
    const first = await restoreVolume(cluster, 'one');
    expect(first).toMatchObject({ volume: 'work', snapshot: 'one', finished: false });
    expect([await holds('work'), await holds(first.kept)]).toEqual(['one', 'two']);

    await write('three');
    const remove = cluster.remove.bind(cluster);
    let removed = 0;
    const dying = jest.spyOn(cluster, 'remove').mockImplementation((kind, name, uid) => {
      return kind === 'PersistentVolumeClaim' && ++removed === 2 ? Promise.reject(new Error('cut off')) : remove(kind, name, uid);
    });
    await expect(restoreVolume(cluster, 'one')).rejects.toThrow('cut off');
    dying.mockRestore();
    const second = await restoreVolume(cluster, 'one');
    expect(second).toMatchObject({ volume: 'work', finished: true });
    expect([await holds('work'), await holds(second.kept)]).toEqual(['one', 'three']);
    const names = (await listVolumes(cluster)).map(({ name }) => name);
    expect(names.filter(name => name.startsWith('work')).sort()).toEqual(['work', first.kept, second.kept].sort());
    expect(await cluster.list('ConfigMap', { labels: 'app.kubernetes.io/managed-by=veilbook' })).toEqual([]);
  });

  it('is made, cloned and removed with no more rights than veilbook rbac --volumes prints', async () => {
    const config = await asServiceAccount(namespace, 'storage');
    const rbac = administrator().makeApiClient(RbacAuthorizationV1Api);
    const [role, binding] = volumeRoleFor({ namespace, serviceAccount: 'storage' }) as [V1Role, V1RoleBinding];
    const cluster = await openToolkit({ namespace, config }, 'volumes');
    await expect(listVolumes(cluster)).rejects.toMatchObject({
      code: 'forbidden',
      line: expect.stringMatching(/veilbook rbac --volumes --namespace \S+ prints the Role/)
    });
    await rbac.createNamespacedRole({ namespace, body: role });
    await rbac.createNamespacedRoleBinding({ namespace, body: binding });
    await until('the Role is in force', () =>
      listVolumes(cluster).then(
        () => true,
        () => false
      )
    );
    await createVolume(cluster, { name: 'mine', size: '8Mi' });
    const { snapshot } = await cloneVolume(cluster, { name: 'mine-too', claim: 'mine' });
    expect(snapshot).toMatch(/^veilbook-/);
    await removeAll(cluster, await removableVolume(cluster, 'mine', false));
    await removeAll(cluster, await removableVolume(cluster, 'mine-too', false));
  });
});
