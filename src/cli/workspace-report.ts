import { type RestoreReport, type Snapshot, type Workspace, type WorkspaceCapabilities } from '../protocol';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];
const SHOWN = 10;

/** Bytes for a person: "820 B", "4.2 MB". */
export function bytes(count: number | null): string {
  if (count === null) {
    return '-';
  }
  const at = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** at;
  return `${at === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${UNITS[at]}`;
}

export function snapshotTable(snapshots: readonly Snapshot[]): string {
  if (snapshots.length === 0) {
    return 'No snapshots yet: veilbook workspace snapshot --label "…" takes one.';
  }
  return snapshots
    .map(one => {
      const notes = [
        one.label,
        one.kind === 'safety' ? 'safety' : '',
        one.pinned ? 'pinned' : '',
        one.git ? `git ${one.git.commit.slice(0, 8)}${one.git.dirty ? ' + changes' : ''}` : '',
        one.left_out_total > 0 ? `${one.left_out_total} left out` : ''
      ];
      const size = `${one.files ?? '-'} files`.padStart(12) + bytes(one.bytes).padStart(9);
      const state = one.state === 'ready' ? '' : ` ${one.state}`;
      return `${one.id}  ${one.created.slice(0, 19)}Z${size}${state}  ${notes.filter(note => note !== '').join(', ')}`.trimEnd();
    })
    .join('\n');
}

export function workspaceTable(workspaces: readonly Workspace[]): string {
  return workspaces
    .map(({ id, location, state, snapshots, clone_of: from }) => {
      const notes = [state === 'missing' ? 'missing' : '', from ? `clone of ${from.workspace}` : ''].filter(note => note !== '');
      return `${id}  ${String(snapshots).padStart(4)} snapshots  ${location}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
    })
    .join('\n');
}

export function describeWorkspace(about: Workspace, can: WorkspaceCapabilities): string {
  const refused = Object.entries(can.actions).filter(([, { allowed }]) => !allowed);
  const METHODS = {
    reflink: 'share blocks with the workspace (reflinks)',
    hardlink: 'share unchanged files among themselves (hard links)',
    copy: 'are copies',
    csi: 'are made by the storage driver'
  };
  return [
    `${about.name}  ${about.location}${about.state === 'missing' ? ' (missing)' : ''}`,
    `id          ${about.id}`,
    `snapshots   ${about.snapshots}${about.newest_snapshot ? `, newest ${about.newest_snapshot}` : ''}; they ${METHODS[can.method]}`,
    ...(about.clone_of ? [`clone of    ${about.clone_of.workspace}, snapshot ${about.clone_of.snapshot}`] : []),
    ...(about.last_restore
      ? [`restored    ${about.last_restore.at}${about.last_restore.undone ? ', and undone' : '; undo is possible'}`]
      : []),
    ...(about.running ? [`running     ${about.running.kind} since ${about.running.started}, process ${about.running.pid}`] : []),
    ...(can.free_bytes === null ? [] : [`free        ${bytes(can.free_bytes)}`]),
    ...refused.map(([action, { reason }]) => `no ${action}: ${reason}`)
  ].join('\n');
}

export function describeRestore(report: RestoreReport): string {
  const { created, replaced, removed, adjusted, unchanged, safety, left_out: left, left_out_total: total, notes = [] } = report;
  const counts = `${created} created, ${replaced} replaced, ${removed} removed, ${adjusted} adjusted, ${unchanged} unchanged`;
  return [
    `${created === null ? 'another volume is in its place' : counts}; ${safety === '' ? 'no safety snapshot' : `safety snapshot ${safety}`}`,
    ...left.slice(0, SHOWN).map(({ path, reason }) => `  left as it is: ${path} (${reason.replaceAll('_', ' ')})`),
    ...(total > SHOWN ? [`  and ${total - SHOWN} more`] : []),
    ...notes.map(note => `  ${note}`)
  ].join('\n');
}
