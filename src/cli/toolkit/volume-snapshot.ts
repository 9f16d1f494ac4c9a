import { type Command } from 'commander';
import { type VolumeSnapshotRow } from '../../toolkit';
import { Notices } from '../output';
import { requireYes } from '../workspace-act';
import {
  entity,
  open,
  say,
  sayRemoval,
  watched,
  withRemoving,
  withTimeout,
  withWaiting,
  type Common,
  type Removing,
  type Verbs
} from './frame';
import { tableOf } from './table';

export const SNAPSHOT_COLUMNS = [
  'VolumeSnapshot Name',
  'Ready to Use',
  'Creation Time',
  'Source PersistentVolumeClaim (PVC)',
  'Source JupyterLab workspace',
  'VolumeSnapshotClass'
];

interface SnapshotFlags extends Common {
  pvcName: string;
  snapshotName?: string;
  volumeSnapshotClass?: string;
  wait?: boolean;
  timeout?: number;
}

export function volumeSnapshot(verbs: Verbs): void {
  withSnapshot(
    entity(verbs.create, 'volume-snapshot', ['volumesnapshot'], 'take a snapshot of a volume', [
      'create volume-snapshot --pvc-name=data --snapshot-name=before-training'
    ])
  ).action(create);
  entity(verbs.list, 'volume-snapshots', ['volume-snapshot', 'volumesnapshots', 'volumesnapshot'], 'list snapshots', [
    'list volume-snapshots --pvc-name=data'
  ])
    .option('-p, --pvc-name <claim>', 'of this volume alone')
    .action(list);
  withRemoving(
    entity(verbs.delete, 'volume-snapshot', ['volumesnapshot'], 'remove a snapshot', [
      'delete volume-snapshot --snapshot-name=before-training'
    ])
  )
    .requiredOption('-s, --snapshot-name <snapshot>', 'the snapshot')
    .action(removeSnapshot);
  withTimeout(
    entity(
      verbs.restore,
      'volume-snapshot',
      ['volumesnapshot'],
      'give a volume what a snapshot of it holds; what is there stays',
      ['restore volume-snapshot --snapshot-name=before-training']
    )
  )
    .requiredOption('-s, --snapshot-name <snapshot>', 'the snapshot')
    .option('-f, --force', 'do not ask')
    .action(restore);
}

export const withSnapshot = (command: Command): Command =>
  withWaiting(command)
    .requiredOption('-p, --pvc-name <claim>', 'the volume')
    .option('-s, --snapshot-name <snapshot>', 'default: a name that holds the time')
    .option('-c, --volume-snapshot-class <class>', 'default: by the volume’s driver');

async function create(flags: SnapshotFlags): Promise<void> {
  const { createSnapshot } = await import('../../toolkit');
  const { pvcName: claim, snapshotName, volumeSnapshotClass, wait, timeout } = flags;
  const cluster = await open(flags, 'volumes');
  const taken = await watched(flags, `a snapshot of ${claim}`, (signal, seen) =>
    createSnapshot(
      cluster,
      { claim, name: snapshotName, snapshotClass: volumeSnapshotClass },
      { wait: wait !== false, seconds: timeout, signal, seen }
    )
  );
  const name = taken.metadata?.name ?? '';
  const ready = taken.status?.readyToUse === true;
  const snapshot = { name, namespace: cluster.namespace, claim, ready };
  const text = `Snapshot ${name} of volume ${claim} was taken${ready ? '' : ', and is not ready yet'}.`;
  await say(flags, { text, names: [`volume-snapshot/${name}`], document: { schema: 1, snapshot } });
}

async function list(flags: Common & { pvcName?: string }): Promise<void> {
  const { listVolumeSnapshots } = await import('../../toolkit');
  await saySnapshots(flags, await listVolumeSnapshots(await open(flags, 'volumes'), { claim: flags.pvcName }), 'volume-snapshot');
}

/** In the toolkit's columns; why one is not ready is said beside them. */
export async function saySnapshots(flags: Common, snapshots: readonly VolumeSnapshotRow[], kind: string): Promise<void> {
  const table = tableOf(SNAPSHOT_COLUMNS, snapshots.map(cells));
  const text = snapshots.length === 0 ? `No snapshots: veilbook create ${kind} takes one.` : table;
  const names = snapshots.map(({ name }) => `${kind}/${name}`);
  await say({ ...flags, quiet: false }, { text, table, names, document: { schema: 1, snapshots } });
  const notices = new Notices();
  const errors = flags.quiet || flags.json ? [] : snapshots.filter(({ error }) => error !== null);
  errors.forEach(({ name, error }) => notices.show(`${name}: ${error}`));
}

const cells = ({ name, ready, created, claim, claim_gone, workspace, snapshot_class }: VolumeSnapshotRow): string[] => [
  name,
  ready ? 'True' : 'False',
  created ?? '',
  claim_gone ? '*deleted*' : (claim ?? ''),
  workspace ?? '',
  snapshot_class ?? ''
];

async function restore(flags: Common & { snapshotName: string; force?: boolean; timeout?: number }): Promise<void> {
  const { restoreVolume } = await import('../../toolkit');
  const { snapshotName, force, timeout } = flags;
  const cluster = await open(flags, 'volumes');
  await requireYes({ yes: force }, `Give the volume of snapshot ${snapshotName} what that holds?`, '--force');
  const done = await watched(flags, `the volume of ${snapshotName}`, (signal, seen) =>
    restoreVolume(cluster, snapshotName, { seconds: timeout, signal, seen })
  );
  const { volume, snapshot, kept, finished } = done;
  const began = finished ? 'A restore that was cut off was carried to its end: v' : 'V';
  await say(flags, {
    text: `${began}olume ${volume} holds what snapshot ${snapshot} does. What it held before is in volume ${kept}.`,
    names: [`volume/${volume}`],
    document: { schema: 1, ...done }
  });
}

/** Of a volume or of a workspace: it is the same object. */
export async function removeSnapshot(flags: Removing & { snapshotName: string }): Promise<void> {
  const { removableSnapshot, removeAll } = await import('../../toolkit');
  const { snapshotName: name, dryRun, force, wait, timeout } = flags;
  const cluster = await open(flags, 'volumes');
  const found = await removableSnapshot(cluster, name);
  if (dryRun) {
    return sayRemoval(flags, found.parts);
  }
  await requireYes({ yes: force }, `Remove snapshot ${name} in namespace ${cluster.namespace}?`, '--force');
  await watched(flags, `the end of snapshot ${name}`, (signal, seen) =>
    removeAll(cluster, found, { wait: wait !== false, seconds: timeout, signal, seen })
  );
  await say(flags, {
    text: `Snapshot ${name} was removed.`,
    names: [`volume-snapshot/${name}`],
    document: { schema: 1, removed: name }
  });
}
