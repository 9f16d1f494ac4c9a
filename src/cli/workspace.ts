import { Command, InvalidArgumentError, Option } from 'commander';
import { type Snapshot, VeilError } from '../protocol';
import { print } from './output';
import { act, openWorkspace, requireYes, type PlaceFlags } from './workspace-act';
import { describeRestore, describeWorkspace, snapshotTable, workspaceTable } from './workspace-report';

const AFTER = `
A restore takes a safety snapshot first; veilbook workspace undo goes back to it. Ctrl-C leaves everything as it was; once a
restore has begun to put files in their places it finishes that. What a killed command left is finished or taken back by the
next one. Exit codes: 0 done; 2 wrong use, no such snapshot or folder, or not confirmed; 4 a snapshot was changed by somebody;
5 somebody else is at work on the workspace, or the cluster does not answer or allow it; 6 the disk or a quota is full or something cannot be written; 130 stopped; 1 a fault in
Veilbook.`;

type Flags<T = object> = PlaceFlags & T;

/** `veilbook workspace`: snapshots of a folder, and what is made from them. */
export function workspaceCommand(): Command {
  const workspace = new Command('workspace')
    .description('snapshots of a folder, or of a workspace on Kubernetes: take, look, restore, undo, clone')
    .addHelpText('after', AFTER);
  const add = (name: string, description: string) =>
    workspace
      .command(name)
      .description(description)
      .option('--dir <dir>', 'the workspace (default: the current folder)')
      .addOption(new Option('--workspace <id>', 'a workspace by its id, also one whose folder is gone').conflicts('dir'))
      .addOption(new Option('--name <name>', 'a workspace on Kubernetes').conflicts(['dir', 'workspace']))
      .option('--namespace <namespace>', 'of --name (default: of the kubeconfig’s context)')
      .option('--json', 'print one JSON document');
  const confirmed = (command: Command) => command.option('--yes', 'do not ask');

  add('describe', 'say what the workspace is, and what can be done with it').action(describe);
  add('snapshot', 'take a snapshot')
    .option('--label <text>', 'why it is taken', '')
    .option('--notebook <path>', 'the notebook it is taken for, relative to the workspace')
    .option('--run <id>', 'the run it is taken for')
    .option('--saved', 'open documents were saved before')
    .option('--pin', 'keep it until it is unpinned')
    .action(snapshot);
  add('list', 'list snapshots, newest first').option('--all', 'list all workspaces instead').action(list);
  confirmed(add('restore', 'make the workspace what a snapshot says').argument('<snapshot>'))
    .option('--new-claim', 'on Kubernetes: do not stop the workspace to keep its claim’s name')
    .action(restore);
  confirmed(add('restore-files', 'bring back files and folders').argument('<snapshot>').argument('<path...>')).action(
    restoreFiles
  );
  confirmed(add('undo', 'take the last restore back')).action(undo);
  add('clone', 'make another workspace from a snapshot')
    .argument('<to>', 'a folder that is not there, or empty; on Kubernetes a name')
    .option('--snapshot <id>', 'default: one that is taken now')
    .action(clone);
  confirmed(add('delete', 'remove a snapshot, or with --clone a workspace that is a clone'))
    .argument('[snapshot]')
    .option('--clone', 'remove the workspace of --dir, --workspace or --name')
    .option('--snapshots', 'with --clone: its snapshots too')
    .option('--force', 'with --clone: also a folder that Veilbook did not make')
    .action(remove);
  add('pin', 'keep a snapshot until it is unpinned').argument('<snapshot>').option('--off', 'unpin it').action(pin);
  confirmed(add('retain', 'remove old snapshots: what any given rule keeps stays'))
    .addOption(new Option('--keep-last <n>', 'the newest so many').argParser(wholeFrom1))
    .addOption(new Option('--max-age <days>', 'those not older').argParser(positive))
    .addOption(new Option('--keep-daily <n>', 'the newest of each of so many days').argParser(wholeFrom1))
    .option('--dry-run', 'say only what would be removed')
    .action(retain);
  return workspace;
}

async function describe(flags: Flags): Promise<void> {
  const workspace = await openWorkspace(flags);
  const [about, can] = [await workspace.describe(), await workspace.capabilities()];
  print(flags.json ? { schema: 1, ...about, capabilities: can } : describeWorkspace(about, can));
}

async function snapshot(
  flags: Flags<{ label: string; notebook?: string; run?: string; saved?: boolean; pin?: boolean }>
): Promise<void> {
  const workspace = await openWorkspace(flags);
  const { label, notebook, run, saved, pin: pinned } = flags;
  const taken = await act(workspace.takeSnapshot({ label, notebook, run, saved_documents: saved, pinned }));
  print(flags.json ? taken : snapshotTable([taken]));
}

async function list(flags: Flags<{ all?: boolean }>): Promise<void> {
  const workspace = await openWorkspace(flags);
  if (flags.all) {
    const workspaces = await workspace.listWorkspaces();
    print(flags.json ? { schema: 1, workspaces } : workspaceTable(workspaces));
    return;
  }
  const snapshots = await workspace.listSnapshots();
  print(flags.json ? { schema: 1, snapshots } : snapshotTable(snapshots));
}

async function restore(id: string, flags: Flags): Promise<void> {
  const workspace = await openWorkspace(flags);
  const chosen = await find(await workspace.listSnapshots(), id);
  const { location } = await workspace.describe();
  await requireYes(flags, `Make ${location} what it was at ${chosen.created}${quoted(chosen.label)}?`);
  const report = await act(workspace.restore(chosen.id));
  print(flags.json ? { schema: 1, ...report } : describeRestore(report));
}

async function restoreFiles(id: string, paths: string[], flags: Flags): Promise<void> {
  const workspace = await openWorkspace(flags);
  const chosen = await find(await workspace.listSnapshots(), id);
  await requireYes(flags, `Bring back ${paths.join(', ')} as of ${chosen.created}${quoted(chosen.label)}?`);
  const report = await act(workspace.restoreFiles(chosen.id, paths));
  print(flags.json ? { schema: 1, ...report } : describeRestore(report));
}

async function undo(flags: Flags): Promise<void> {
  const workspace = await openWorkspace(flags);
  const { location, last_restore: last } = await workspace.describe();
  await requireYes(flags, `Make ${location} what it was before the restore of ${last?.at ?? 'a snapshot'}?`);
  const report = await act(workspace.undoRestore());
  print(flags.json ? { schema: 1, ...report } : describeRestore(report));
}

async function clone(to: string, flags: Flags<{ snapshot?: string }>): Promise<void> {
  const workspace = await openWorkspace(flags);
  const from = flags.snapshot === undefined ? undefined : (await find(await workspace.listSnapshots(), flags.snapshot)).id;
  const made = await act(workspace.clone({ to, snapshot: from }));
  print(flags.json ? { schema: 1, ...made } : `${made.location} is a clone of snapshot ${made.clone_of?.snapshot}.`);
}

async function remove(
  id: string | undefined,
  flags: Flags<{ clone?: boolean; snapshots?: boolean; force?: boolean }>
): Promise<void> {
  const workspace = await openWorkspace(flags);
  const about = await workspace.describe();
  if (flags.clone === (id !== undefined)) {
    throw new VeilError('bad_request', 'Name a snapshot, or say --clone. Nothing was removed.', '');
  }
  if (flags.clone) {
    await requireYes(flags, `Remove ${about.location} with everything in it?`);
    const { snapshots, force } = flags;
    await act(workspace.deleteWorkspace({ workspace: about.id, confirm: about.name, snapshots, force }));
    print(flags.json ? { schema: 1, removed: about.id } : `${about.location} was removed.`);
    return;
  }
  const chosen = await find(await workspace.listSnapshots(), id!);
  await requireYes(flags, `Remove the snapshot of ${chosen.created}${quoted(chosen.label)}?`);
  await act(workspace.deleteSnapshot(chosen.id));
  print(flags.json ? { schema: 1, removed: chosen.id } : `Snapshot ${chosen.id} was removed.`);
}

async function pin(id: string, flags: Flags<{ off?: boolean }>): Promise<void> {
  const workspace = await openWorkspace(flags);
  const chosen = await find(await workspace.listSnapshots(), id);
  const pinned = await workspace.pin(chosen.id, !flags.off);
  print(flags.json ? pinned : snapshotTable([pinned]));
}

async function retain(flags: Flags<{ keepLast?: number; maxAge?: number; keepDaily?: number; dryRun?: boolean }>): Promise<void> {
  const policy = { keep_last: flags.keepLast, max_age_days: flags.maxAge, keep_daily: flags.keepDaily };
  if (Object.values(policy).every(rule => rule === undefined)) {
    const remedy = 'Say --keep-last, --max-age or --keep-daily.';
    throw new VeilError('bad_request', 'No rule says what stays. Nothing was removed.', remedy);
  }
  const workspace = await openWorkspace(flags);
  const plan = await act(workspace.retain(policy, true));
  if (!flags.dryRun && plan.removed.length > 0) {
    await requireYes(flags, `Remove ${plan.removed.length} of ${plan.removed.length + plan.kept.length} snapshots?`);
    await act(workspace.retain(policy));
  }
  const would = flags.dryRun ? 'would be removed' : 'removed';
  print(
    flags.json
      ? { schema: 1, ...plan }
      : [...plan.removed, `${plan.removed.length} ${would}, ${plan.kept.length} kept`].join('\n')
  );
}

/** By its id, the beginning of it that no other has, or `latest`: the newest that somebody asked for. */
async function find(snapshots: readonly Snapshot[], asked: string): Promise<Snapshot> {
  const found =
    asked === 'latest'
      ? snapshots.filter(({ kind }) => kind === 'user').slice(0, 1)
      : snapshots.filter(({ id }) => id.startsWith(asked));
  if (found.length !== 1) {
    const why = found.length === 0 ? `This workspace has no snapshot ${asked}` : `${found.length} snapshots begin with ${asked}`;
    throw new VeilError('not_found', `${why}. Nothing was changed.`, 'See veilbook workspace list.');
  }
  return found[0];
}

const quoted = (label: string): string => (label === '' ? '' : `, ${JSON.stringify(label)}`);

function wholeFrom1(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new InvalidArgumentError('It must be a whole number from 1 on.');
  }
  return Number(text);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) {
    throw new InvalidArgumentError('It must be a number above 0.');
  }
  return value;
}
