import { type Snapshot, type Workspace } from '../../../src/protocol';
import { logIn, password, prefix, putFile, readFile, runningPod, type Lab } from './jupyter';
import { describeWithToolkit, toolkit, toolkitList, veilbook } from './programs';
import { makeNamespace, removeNamespace, runShell, until, withDefaultClass, workspaceImage } from './support';

describeWithToolkit('csi', 'volumes of the NetApp toolkit', () => {
  let namespace = '';
  beforeAll(async () => {
    namespace = await makeNamespace('toolkit-volumes');
  });
  afterAll(() => removeNamespace(namespace));

  it('are made, snapshot, cloned and listed on this cluster', async () => {
    await toolkit(namespace, 'create volume --pvc-name=data --size=8Mi');
    await toolkit(namespace, 'create volume-snapshot --pvc-name=data --snapshot-name=first');
    await toolkit(namespace, 'clone volume --new-pvc-name=copy --source-snapshot-name=first');
    expect(await toolkitList(namespace, 'volumes')).toMatchObject([
      { 'PersistentVolumeClaim (PVC) Name': 'copy', Status: 'Bound', Size: '8Mi', Clone: 'Yes', 'Source PVC': 'data' },
      { 'PersistentVolumeClaim (PVC) Name': 'data', Status: 'Bound', Size: '8Mi', Clone: 'No' }
    ]);
    expect(await toolkitList(namespace, 'volume-snapshots')).toMatchObject([
      { 'VolumeSnapshot Name': 'first', 'Ready to Use': 'True', VolumeSnapshotClass: 'csi-snapclass' }
    ]);
  });
});

describeWithToolkit('node', 'a workspace of the NetApp toolkit', () => {
  let namespace = '';
  let lab: Lab;
  let first: Snapshot;
  const create = (what: string) => toolkit(namespace, `${what} --no-https`, password);
  beforeAll(async () => {
    namespace = await makeNamespace('toolkit');
    await create(`create jupyterlab --workspace-name=theirs --size=64Mi --image=${workspaceImage}`);
    lab = await logIn(namespace, 'theirs');
  });
  afterAll(() => removeNamespace(namespace));

  it('is snapshot, restored and restored back by veilbook', async () => {
    await putFile(lab, 'labels.csv', 'one');
    first = await veilbook<Snapshot>(namespace, 'theirs', 'snapshot', '--label=before training');
    await putFile(lab, 'labels.csv', 'two');
    await veilbook(namespace, 'theirs', 'restore', first.id, '--yes');
    expect(await readFile(await logIn(namespace, 'theirs'), 'labels.csv')).toBe('one');
    await veilbook(namespace, 'theirs', 'undo', '--yes');
    expect(await readFile(await logIn(namespace, 'theirs'), 'labels.csv')).toBe('two');
  });

  it('shows the toolkit the snapshots of veilbook, and veilbook those of the toolkit', async () => {
    await toolkit(namespace, 'create jupyterlab-snapshot --workspace-name=theirs --snapshot-name=by-the-toolkit');
    const theirs = await toolkitList(namespace, 'jupyterlab-snapshots --workspace-name=theirs');
    const { snapshots: ours } = await veilbook<{ snapshots: Snapshot[] }>(namespace, 'theirs', 'list');
    expect(theirs.map(row => row['VolumeSnapshot Name'])).toEqual(expect.arrayContaining([first.id, 'by-the-toolkit']));
    expect(ours.map(({ id }) => id)).toEqual(expect.arrayContaining([first.id, 'by-the-toolkit']));
  });

  it('is listed, snapshot and cloned on both sides, and restored, while a snapshot of veilbook is pending', async () => {
    await withDefaultClass({ readyAfter: '15s' }, async () => {
      const taking = veilbook<Snapshot>(namespace, 'theirs', 'snapshot', '--label=pending');
      const pending = await until('it is pending', async () => {
        const { snapshots } = await veilbook<{ snapshots: Snapshot[] }>(namespace, 'theirs', 'list');
        return snapshots.find(({ label, state }) => label === 'pending' && state === 'creating');
      });
      const rows = await toolkitList(namespace, 'jupyterlab-snapshots --workspace-name=theirs');
      expect(rows).toContainEqual(expect.objectContaining({ 'VolumeSnapshot Name': pending.id, 'Ready to Use': 'False' }));
      await toolkit(namespace, 'create jupyterlab-snapshot --workspace-name=theirs --snapshot-name=meanwhile');
      await toolkit(namespace, 'clone volume --new-pvc-name=meanwhile --source-snapshot-name=by-the-toolkit');
      expect((await taking).state).toBe('ready');
    });
    await veilbook(namespace, 'theirs', 'restore', 'meanwhile', '--yes');
    await veilbook(namespace, 'theirs', 'undo', '--yes');
    expect(await readFile(await logIn(namespace, 'theirs'), 'labels.csv')).toBe('two');
  }, 400_000);

  it('is cloned by veilbook; the toolkit lists, snapshots, clones and deletes the clone', async () => {
    await veilbook(namespace, 'theirs', 'clone', 'ours', `--snapshot=${first.id}`);
    const row = { 'Workspace Name': 'ours', Status: 'Ready', Clone: 'Yes', 'Source Workspace': 'theirs' };
    expect(await toolkitList(namespace, 'jupyterlabs')).toContainEqual(
      expect.objectContaining({ ...row, 'Source VolumeSnapshot': first.id })
    );
    await toolkit(namespace, 'create jupyterlab-snapshot --workspace-name=ours --snapshot-name=of-ours');
    await create('clone jupyterlab --new-workspace-name=again --source-snapshot-name=of-ours');
    const again = await runShell(namespace, 'reader', `${prefix}again`, 'cat /data/labels.csv');
    expect(again).toBe('one');
    const { workspaces } = await veilbook<{ workspaces: Workspace[] }>(namespace, 'again', 'list', '--all');
    expect(workspaces.map(({ name }) => name).sort()).toEqual(['again', 'ours', 'theirs']);
    await toolkit(namespace, 'delete jupyterlab --workspace-name=ours --force');
    expect((await toolkitList(namespace, 'jupyterlabs')).map(each => each['Workspace Name'])).toEqual(['again', 'theirs']);
    expect(await runningPod(namespace, 'theirs')).toContain('theirs');
  }, 400_000);
});
