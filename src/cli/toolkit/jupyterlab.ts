import { type Command, Option } from 'commander';
import { type RecoveredOperation, VeilError, type CloneRequest } from '../../protocol';
import { type WorkspaceRow } from '../../toolkit';
import { type WorkspaceProvider } from '../../workspaces';
import { Notices } from '../output';
import { act, requireYes } from '../workspace-act';
import { amountsOf, withAmounts, type AmountFlags } from './amounts';
import { entity, open, say, type Common, type Verbs } from './frame';
import { createJupyterlab, withWorkspace } from './jupyterlab-create';
import { tableOf } from './table';

const COLUMNS = [
  'Workspace Name',
  'Status',
  'Size',
  'StorageClass',
  'Access URL',
  'Clone',
  'Source Workspace',
  'Source VolumeSnapshot'
];

interface CloneFlags extends Common, AmountFlags {
  newWorkspaceName: string;
  sourceWorkspaceName?: string;
  sourceSnapshotName?: string;
  volumeSnapshotClass?: string;
  loadBalancer?: boolean;
  https: boolean;
}

export function jupyterlab(verbs: Verbs): void {
  withWorkspace(
    entity(verbs.create, 'jupyterlab', ['jupyter'], 'make a workspace: JupyterLab on a volume of its own', [
      'create jupyterlab --workspace-name=vision --size=50Gi --nvidia-gpu=1 -n data',
      'create jupyterlab -w vision -s 50Gi -v images:/images --token'
    ])
  ).action(createJupyterlab);
  withWorkspaceClone(
    entity(verbs.clone, 'jupyterlab', ['jupyter'], 'make a workspace as a copy of another, or of a snapshot of one', [
      'clone jupyterlab --new-workspace-name=attempt-2 --source-workspace-name=vision',
      'clone jupyterlab -w attempt-2 -s before-training -g 1'
    ])
  ).action(clone);
  entity(verbs.list, 'jupyterlabs', ['jupyterlab', 'jupyters', 'jupyter'], 'list the workspaces of a namespace', [
    'list jupyterlabs -n data'
  ])
    .addOption(new Option('-a, --include-astra-app-id').hideHelp())
    .action(list);
  entity(verbs.delete, 'jupyterlab', ['jupyter'], 'remove a workspace with all that is in it, and its snapshots', [
    'delete jupyterlab --workspace-name=attempt-2 --preserve-snapshots'
  ])
    .requiredOption('-w, --workspace-name <name>', 'the workspace')
    .option('-s, --preserve-snapshots', 'let its snapshots stay')
    .option('-f, --force', 'do not ask')
    .action(remove);
}

export const withWorkspaceClone = (command: Command): Command =>
  withAmounts(command)
    .requiredOption('-w, --new-workspace-name <name>', 'of the new workspace')
    .option('-j, --source-workspace-name <name>', 'the workspace; a snapshot of it is taken')
    .addOption(new Option('-s, --source-snapshot-name <snapshot>', 'or the snapshot').conflicts('sourceWorkspaceName'))
    .option('-c, --volume-snapshot-class <class>', 'of the snapshot that is taken (default: by the volume’s driver)')
    .option('-b, --load-balancer', 'a Service of type LoadBalancer (default: as the source’s)')
    .option('--no-https', 'for a source without it: a clone is reached as its source is');

/** Amounts that are said take the place of the source's; the others, image, environment, mounts and password are the source's. */
export function cloneRequestOf(flags: CloneFlags): CloneRequest {
  const { cpu, memory, gpus, others } = amountsOf(flags);
  const resources = {
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
    ...(gpus !== undefined && { 'nvidia.com/gpu': gpus }),
    ...others
  };
  return {
    to: flags.newWorkspaceName,
    ...(flags.sourceSnapshotName !== undefined && { snapshot: flags.sourceSnapshotName }),
    ...(Object.keys(resources).length > 0 && { resources }),
    ...(flags.loadBalancer && { load_balancer: true })
  };
}

/** A workspace of the namespace; what a crash had left there is said. */
export async function openWorkspaceOf({ namespace, quiet }: Common, name: string): Promise<WorkspaceProvider> {
  const notices = new Notices();
  const onRecovered = (done: RecoveredOperation[]) =>
    quiet
      ? undefined
      : done.forEach(({ kind, id, outcome }) =>
          notices.show(`A ${kind.replace('_', ' ')} that was cut off (${id}) was ${outcome}.`)
        );
  const { openKubernetesWorkspace } = await import('../../toolkit');
  return openKubernetesWorkspace({ namespace, name, onRecovered });
}

async function clone(flags: CloneFlags): Promise<void> {
  const { createSnapshot, findHome, listJupyterLabs, workspaceOfSnapshot } = await import('../../toolkit');
  const { sourceSnapshotName, volumeSnapshotClass, newWorkspaceName: to } = flags;
  const cluster = await open(flags, 'volumes');
  const source = flags.sourceWorkspaceName ?? (sourceSnapshotName && (await workspaceOfSnapshot(cluster, sourceSnapshotName)));
  if (!source) {
    throw new VeilError(
      'bad_request',
      'A workspace is cloned of a workspace or of a snapshot. Nothing was made.',
      'Say either --source-workspace-name or --source-snapshot-name.'
    );
  }
  const workspace = await openWorkspaceOf(flags, source);
  const request = cloneRequestOf(flags);
  if (!flags.https && (await listJupyterLabs(cluster)).some(({ name, url }) => name === source && url?.startsWith('https'))) {
    throw new VeilError(
      'bad_request',
      `Workspace ${source} is reached by https, and so is its clone. Nothing was made.`,
      'Leave --no-https out.'
    );
  }
  if (volumeSnapshotClass !== undefined && request.snapshot === undefined) {
    const claim = (await findHome(cluster, source)).claim.metadata?.name ?? '';
    const asked = { claim, workspace: source, snapshotClass: volumeSnapshotClass, kind: 'clone' as const };
    request.snapshot = (await createSnapshot(cluster, { ...asked, label: `for the clone ${to}` })).metadata?.name;
  }
  const made = await act(workspace.clone(request));
  const row = (await listJupyterLabs(cluster)).find(({ name }) => name === to);
  await say(flags, {
    text: `Workspace ${to} is a clone of snapshot ${made.clone_of?.snapshot} of ${source}: ${row?.url ?? 'its address is not known yet'}`,
    names: [`jupyterlab/${to}`],
    document: { schema: 1, workspace: row }
  });
}

async function list(flags: Common & { includeAstraAppId?: boolean }): Promise<void> {
  if (flags.includeAstraAppId) {
    throw new VeilError('bad_request', 'Astra Control is no longer supported.', 'Leave -a out.');
  }
  const { listJupyterLabs } = await import('../../toolkit');
  const workspaces = await listJupyterLabs(await open(flags, 'volumes'));
  const table = tableOf(COLUMNS, workspaces.map(cells));
  const names = workspaces.map(({ name }) => `jupyterlab/${name}`);
  const text = workspaces.length === 0 ? 'No workspaces: veilbook create jupyterlab makes one.' : table;
  await say({ ...flags, quiet: false }, { text, table, names, document: { schema: 1, workspaces } });
  const notices = new Notices();
  const late = flags.quiet || flags.json ? [] : workspaces.filter(({ reason }) => reason !== null);
  late.forEach(({ name, reason }) => notices.show(`${name}: ${reason}`));
}

function cells({ name, ready, size, storage_class, url, clone: of }: WorkspaceRow): string[] {
  const gone = (what: string, is: boolean) => (is ? '*deleted*' : what);
  return [
    name,
    ready ? 'Ready' : 'Not Ready',
    size ?? '',
    storage_class ?? '',
    url ?? 'unavailable',
    of ? 'Yes' : 'No',
    of ? gone(of.workspace, of.workspace_gone) : '',
    of ? gone(of.snapshot ?? 'n/a', of.snapshot_gone) : ''
  ];
}

async function remove(flags: Common & { workspaceName: string; preserveSnapshots?: boolean; force?: boolean }): Promise<void> {
  const { workspaceName: name, preserveSnapshots = false, force, namespace } = flags;
  const { dropSecret, findHome } = await import('../../toolkit');
  const cluster = await open(flags, 'jupyterlab');
  const { deployment } = await findHome(cluster, name);
  const workspace = await openWorkspaceOf(flags, name);
  const about = await workspace.describe();
  const also = preserveSnapshots || about.snapshots === 0 ? '' : ` and its ${about.snapshots} snapshots`;
  await requireYes(
    { yes: force },
    `Remove workspace ${name} in namespace ${namespace} with all that is in it${also}?`,
    '--force'
  );
  await act(workspace.deleteWorkspace({ workspace: name, confirm: about.name, snapshots: !preserveSnapshots, force: true }));
  if (deployment.spec?.template.spec?.volumes?.some(({ secret }) => secret?.secretName === deployment.metadata?.name)) {
    await dropSecret(cluster, name);
  }
  await say(flags, {
    text: `Workspace ${name}${also} was removed.`,
    names: [`jupyterlab/${name}`],
    document: { schema: 1, removed: name }
  });
}
