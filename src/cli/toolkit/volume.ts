import { type Command, Option } from 'commander';
import { type ClonedVolume, type MadeClaim, type Volume, type VolumeRequest } from '../../toolkit';
import { requireYes } from '../workspace-act';
import {
  entity,
  open,
  say,
  sayObjects,
  sayRemoval,
  watched,
  withMaking,
  withRemoving,
  withWaiting,
  type Common,
  type Making,
  type Removing,
  type Verbs
} from './frame';
import { tableOf } from './table';

const ALIASES = ['vol', 'pvc', 'persistentvolumeclaim'];
const MANY = ['volume', 'vol', 'vols', 'pvc', 'pvcs', 'persistentvolumeclaim', 'persistentvolumeclaims'];
const COLUMNS = [
  'PersistentVolumeClaim (PVC) Name',
  'Status',
  'Size',
  'StorageClass',
  'Clone',
  'Source PVC',
  'Source VolumeSnapshot',
  'FlexCache',
  'Source SVM',
  'Source Volume'
];

export interface VolumeFlags extends Making {
  pvcName: string;
  size: string;
  storageClass?: string;
  accessMode?: VolumeRequest['accessMode'];
}

interface CloneFlags extends Common {
  newPvcName: string;
  sourcePvcName?: string;
  sourceSnapshotName?: string;
  volumeSnapshotClass?: string;
  wait?: boolean;
  timeout?: number;
}

export function volume(verbs: Verbs): void {
  withVolume(
    entity(verbs.create, 'volume', ALIASES, 'make a volume', ['create volume --pvc-name=data --size=50Gi -n inference'])
  ).action(create);
  withClone(
    entity(verbs.clone, 'volume', ALIASES, 'make a volume as a copy of another, or of a snapshot', [
      'clone volume --new-pvc-name=copy --source-pvc-name=data',
      'clone volume -p copy -s before-training'
    ])
  ).action(clone);
  entity(verbs.list, 'volumes', MANY, 'list all volumes of a namespace', ['list volumes -n inference']).action(list);
  withRemoving(
    entity(verbs.delete, 'volume', ALIASES, 'remove a volume with all that is in it, and its snapshots', [
      'delete volume --pvc-name=copy --preserve-snapshots'
    ])
  )
    .requiredOption('-p, --pvc-name <claim>', 'the volume')
    .option('-s, --preserve-snapshots', 'let its snapshots stay')
    .action(remove);
}

export const withVolume = (command: Command): Command =>
  withMaking(command)
    .requiredOption('-p, --pvc-name <claim>', 'of the new volume')
    .requiredOption('-s, --size <quantity>', 'as in 50Gi')
    .option('-c, --storage-class <class>', 'default: the cluster’s')
    .addOption(
      new Option('--access-mode <mode>', 'default: ReadWriteMany, which not every class can').choices([
        'ReadWriteMany',
        'ReadWriteOnce',
        'ReadOnlyMany',
        'ReadWriteOncePod'
      ])
    );

export const withClone = (command: Command): Command =>
  withWaiting(command)
    .requiredOption('-p, --new-pvc-name <claim>', 'of the new volume')
    .option('-v, --source-pvc-name <claim>', 'the volume; a snapshot of it is taken')
    .addOption(new Option('-s, --source-snapshot-name <snapshot>', 'or the snapshot').conflicts('sourcePvcName'))
    .option('-c, --volume-snapshot-class <class>', 'of the snapshot that is taken (default: by the volume’s driver)');

export const volumeRequestOf = ({ pvcName: name, size, storageClass, accessMode }: VolumeFlags): VolumeRequest => ({
  name,
  size,
  ...(storageClass !== undefined && { storageClass }),
  ...(accessMode !== undefined && { accessMode })
});

async function create(flags: VolumeFlags): Promise<void> {
  const { createVolume, volumeObject, wholeObject } = await import('../../toolkit');
  const request = volumeRequestOf(flags);
  const { dryRun, namespace, wait, timeout } = flags;
  if (dryRun !== undefined) {
    const object = volumeObject(request);
    if (dryRun === 'server') {
      await (await open(flags, 'volumes')).create('PersistentVolumeClaim', object, true);
    }
    return sayObjects(flags, [wholeObject('v1', 'PersistentVolumeClaim', namespace, object)]);
  }
  const cluster = await open(flags, 'volumes');
  const made = await watched(flags, `volume ${request.name}`, (signal, seen) =>
    createVolume(cluster, request, { wait: wait !== false, seconds: timeout, signal, seen })
  );
  await sayMade(flags, made);
}

async function clone(flags: CloneFlags): Promise<void> {
  const { cloneVolume } = await import('../../toolkit');
  const { newPvcName: name, sourcePvcName, sourceSnapshotName, volumeSnapshotClass, wait, timeout } = flags;
  const cluster = await open(flags, 'volumes');
  const made = await watched(flags, `volume ${name}`, (signal, seen) =>
    cloneVolume(
      cluster,
      { name, claim: sourcePvcName, snapshot: sourceSnapshotName, snapshotClass: volumeSnapshotClass },
      { wait: wait !== false, seconds: timeout, signal, seen }
    )
  );
  await sayMade(flags, made);
}

async function sayMade(flags: Common, { claim, made, late, ...rest }: MadeClaim | ClonedVolume): Promise<void> {
  const name = claim.metadata?.name ?? '';
  const size = claim.status?.capacity?.storage;
  const of = 'snapshot' in rest ? `, of snapshot ${rest.snapshot}` : '';
  const state = late ? 'waits for the first pod that mounts it' : (claim.status?.phase ?? 'Pending');
  const taken = 'taken' in rest && rest.taken;
  const text = [
    `Volume ${name} ${made ? 'was made' : 'was made before'}${of}: ${state}${size ? `, ${size}` : ''}.`,
    ...(taken ? [`The snapshot was taken for it and stays: veilbook delete volume-snapshot -s ${rest.snapshot} removes it.`] : [])
  ].join('\n');
  const volume = {
    name,
    namespace: claim.metadata?.namespace ?? '',
    status: claim.status?.phase ?? 'Pending',
    size: size ?? null
  };
  await say(flags, { text, names: [`volume/${name}`], document: { schema: 1, volume, made, late, ...rest } });
}

async function list(flags: Common): Promise<void> {
  const { listVolumes } = await import('../../toolkit');
  const volumes = await listVolumes(await open(flags, 'volumes'));
  const table = tableOf(COLUMNS, volumes.map(cells));
  const text = volumes.length === 0 ? 'No volumes: veilbook create volume makes one.' : table;
  const names = volumes.map(({ name }) => `volume/${name}`);
  await say({ ...flags, quiet: false }, { text, table, names, document: { schema: 1, volumes } });
}

function cells({ name, status, size, storage_class, clone, flexcache }: Volume): string[] {
  const gone = (what: string, is: boolean) => (is ? '*deleted*' : what);
  return [
    name,
    status,
    size ?? '',
    storage_class ?? '',
    clone ? 'Yes' : 'No',
    clone ? gone(clone.claim, clone.claim_gone) : '',
    clone ? gone(clone.snapshot ?? 'n/a', clone.snapshot_gone) : '',
    flexcache ? 'Yes' : 'No',
    flexcache?.svm ?? '',
    flexcache?.volume ?? ''
  ];
}

async function remove(flags: Removing & { pvcName: string; preserveSnapshots?: boolean }): Promise<void> {
  const { removableVolume, removeAll } = await import('../../toolkit');
  const { pvcName: name, preserveSnapshots = false, dryRun, force, wait, timeout } = flags;
  const cluster = await open(flags, 'volumes');
  const found = await removableVolume(cluster, name, preserveSnapshots);
  if (dryRun) {
    return sayRemoval(flags, found.parts);
  }
  const snapshots = found.parts.filter(({ kind }) => kind === 'VolumeSnapshot').map(one => one.name);
  const also = snapshots.length === 0 ? '' : ` and its snapshots ${snapshots.join(', ')}`;
  await requireYes(
    { yes: force },
    `Remove volume ${name} in namespace ${cluster.namespace} with all that is in it${also}?`,
    '--force'
  );
  await watched(flags, `the end of volume ${name}`, (signal, seen) =>
    removeAll(cluster, found, { wait: wait !== false, seconds: timeout, signal, seen })
  );
  const document = { schema: 1, removed: name, snapshots };
  await say(flags, { text: `Volume ${name}${also} was removed.`, names: [`volume/${name}`], document });
}
