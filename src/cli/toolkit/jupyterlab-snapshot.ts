import { type Command } from 'commander';
import { act } from '../workspace-act';
import { describeRestore } from '../workspace-report';
import { entity, open, say, watched, withRemoving, withWaiting, type Common, type Verbs } from './frame';
import { openWorkspaceOf } from './jupyterlab';
import { removeSnapshot, saySnapshots } from './volume-snapshot';

const ONE = ['jupyterlabsnapshot', 'jupyter-snapshot', 'jupytersnapshot'];

interface SnapshotFlags extends Common {
  workspaceName: string;
  snapshotName?: string;
  volumeSnapshotClass?: string;
  wait?: boolean;
  timeout?: number;
}

export function jupyterlabSnapshot(verbs: Verbs): void {
  withWorkspaceSnapshot(
    entity(verbs.create, 'jupyterlab-snapshot', ONE, 'take a snapshot of a workspace', [
      'create jupyterlab-snapshot --workspace-name=vision --snapshot-name=before-training'
    ])
  ).action(create);
  entity(
    verbs.list,
    'jupyterlab-snapshots',
    ['jupyterlab-snapshot', 'jupyterlabsnapshots', 'jupyterlabsnapshot'],
    'list snapshots of workspaces',
    ['list jupyterlab-snapshots --workspace-name=vision']
  )
    .option('-w, --workspace-name <name>', 'of this workspace alone')
    .action(list);
  withRemoving(
    entity(verbs.delete, 'jupyterlab-snapshot', ONE, 'remove a snapshot', ['delete jupyterlab-snapshot --snapshot-name=before'])
  )
    .requiredOption('-s, --snapshot-name <snapshot>', 'the snapshot')
    .action(removeSnapshot);
  entity(
    verbs.restore,
    'jupyterlab-snapshot',
    ONE,
    'make a workspace what a snapshot of it says; a safety snapshot is taken first, and veilbook workspace undo goes back',
    ['restore jupyterlab-snapshot --snapshot-name=before-training']
  )
    .requiredOption('-s, --snapshot-name <snapshot>', 'the snapshot')
    .action(restore);
}

export const withWorkspaceSnapshot = (command: Command): Command =>
  withWaiting(command)
    .requiredOption('-w, --workspace-name <name>', 'the workspace')
    .option('-s, --snapshot-name <snapshot>', 'default: a name that holds the time')
    .option('-c, --volume-snapshot-class <class>', 'default: by the volume’s driver');

/** Of the claim that the workspace mounts now, which after some restores has not the workspace's name. */
async function create(flags: SnapshotFlags): Promise<void> {
  const { createSnapshot, findHome } = await import('../../toolkit');
  const { workspaceName: workspace, snapshotName, volumeSnapshotClass, wait, timeout } = flags;
  const cluster = await open(flags, 'volumes');
  const claim = (await findHome(cluster, workspace)).claim.metadata?.name ?? '';
  const taken = await watched(flags, `a snapshot of ${workspace}`, (signal, seen) =>
    createSnapshot(
      cluster,
      { claim, workspace, name: snapshotName, snapshotClass: volumeSnapshotClass },
      { wait: wait !== false, seconds: timeout, signal, seen }
    )
  );
  const name = taken.metadata?.name ?? '';
  const ready = taken.status?.readyToUse === true;
  await say(flags, {
    text: `Snapshot ${name} of workspace ${workspace} was taken${ready ? '' : ', and is not ready yet'}.`,
    names: [`jupyterlab-snapshot/${name}`],
    document: { schema: 1, snapshot: { name, namespace: cluster.namespace, workspace, claim, ready } }
  });
}

async function list(flags: Common & { workspaceName?: string }): Promise<void> {
  const { listVolumeSnapshots } = await import('../../toolkit');
  const wanted = { workspace: flags.workspaceName, workspacesOnly: true };
  await saySnapshots(flags, await listVolumeSnapshots(await open(flags, 'volumes'), wanted), 'jupyterlab-snapshot');
}

/** Nothing is asked, as the toolkit asks nothing; and nothing is lost, which there it is. */
async function restore(flags: Common & { snapshotName: string }): Promise<void> {
  const { workspaceOfSnapshot } = await import('../../toolkit');
  const name = flags.snapshotName;
  const of = await workspaceOfSnapshot(await open(flags, 'volumes'), name);
  const workspace = await openWorkspaceOf(flags, of);
  const report = await act(workspace.restore(name));
  await say(flags, {
    text: `Workspace ${of} was restored.\n${describeRestore(report)}`,
    names: [`jupyterlab/${of}`],
    document: { schema: 1, workspace: of, ...report }
  });
}
