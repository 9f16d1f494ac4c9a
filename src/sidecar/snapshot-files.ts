import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { VeilError, type HeldEntry, type HoldingList, type Snapshot, type SnapshotFolder } from '../protocol';

/** As many entries of a folder are told. */
const MOST = 1000;

/**
 * Which of the paths each ready snapshot holds; those that hold none are left out.
 * @param snapshots newest first
 * @param paths relative to the workspace
 * @throws VeilError `bad_request` for a path that leads out of the workspace
 */
export async function holdings(snapshots: readonly Snapshot[], paths: readonly string[]): Promise<HoldingList['holdings']> {
  const wanted = paths.map(inside);
  const ready = snapshots.filter(({ state }) => state === 'ready');
  const all = await Promise.all(
    ready.map(async snapshot => {
      const { tree } = snapshot;
      const held = tree === null ? null : await Promise.all(wanted.map(path => entryOf(tree, path)));
      return { snapshot, held: held && held.filter(entry => entry !== null) };
    })
  );
  return all.filter(({ held }) => held === null || held.length > 0);
}

/**
 * What lies in a folder of a snapshot.
 * @param path relative to the workspace, '' for all of it
 * @throws VeilError `not_found` where the snapshot has no such folder, or cannot be looked into
 */
export async function folderOf({ id, tree }: Snapshot, path: string): Promise<SnapshotFolder> {
  const folder = path === '' ? '' : inside(path);
  const missing = (why: string) =>
    new VeilError('not_found', `${why} Nothing was listed.`, 'Name the file or folder that is to be restored.');
  if (tree === null) {
    throw missing(`Snapshot ${id} cannot be looked into.`);
  }
  const isFolder = folder === '' || (await entryOf(tree, folder))?.kind === 'folder';
  if (!isFolder) {
    throw missing(`Snapshot ${id} has no folder ${path}.`);
  }
  const names = await readdir(join(tree, folder));
  const entries = await Promise.all(names.filter(isText).map(name => entryOf(tree, posix.join(folder, name))));
  const known = entries.filter(entry => entry !== null).sort(foldersFirst);
  return { entries: known.slice(0, MOST), total: known.length };
}

/** Null where there is none, or only behind a link, which a restore does not follow either. */
async function entryOf(tree: string, path: string): Promise<HeldEntry | null> {
  const steps = path.split('/');
  for (let depth = 1; depth < steps.length; depth++) {
    if (!(await look(join(tree, ...steps.slice(0, depth))))?.isDirectory()) {
      return null;
    }
  }
  const found = await look(join(tree, path));
  if (!found) {
    return null;
  }
  const kind = found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : 'file';
  return { path, kind, bytes: kind === 'folder' ? null : found.size, modified: found.mtime.toISOString() };
}

const look = (path: string): Promise<Stats | null> => lstat(path).catch(() => null);

/** A name that is no UTF-8 cannot be asked for. */
const isText = (name: string): boolean => !name.includes('\uFFFD');

function foldersFirst(a: HeldEntry, b: HeldEntry): number {
  const byKind = Number(b.kind === 'folder') - Number(a.kind === 'folder');
  return byKind || a.path.localeCompare(b.path);
}

function inside(path: string): string {
  const steps = path.split('/').filter(step => step !== '' && step !== '.');
  if (path.startsWith('/') || path.includes('\0') || steps.includes('..') || steps.length === 0) {
    throw new VeilError('bad_request', `${path} is no path in the workspace. Nothing was looked for.`, 'Name it relative to it.');
  }
  return steps.join('/');
}
