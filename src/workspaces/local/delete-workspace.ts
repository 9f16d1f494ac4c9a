import { lstat, rename, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, sep } from 'node:path';
import { VeilError, type DeleteWorkspaceRequest } from '../../protocol';
import { syncPath } from './disk';
import { Folder } from './folder';
import { relOf } from './paths';
import { removeTree } from './remove';
import { type Run } from '../run';
import { removeSnapshot } from './snapshot';
import { step } from '../step';
import { type Store } from './store';

const goneName = (operation: string): string => `.veilbook-gone-${operation}`;

/** Remove a workspace's folder: out of its place by one rename, from the disk thereafter. Its snapshots stay unless asked for. */
export async function deleteWorkspace(store: Store, run: Run, asked: DeleteWorkspaceRequest): Promise<void> {
  await requireOurs(store, asked);
  await run.commit('committing');
  if (await lstat(store.dir).catch(() => null)) {
    step(`rename ${store.dir}`);
    await rename(store.dir, join(dirname(store.dir), goneName(run.id)));
    await syncPath(dirname(store.dir));
    await finishDeletion(store, run.id);
  }
  if (asked.snapshots) {
    for (const { id } of await store.snapshots()) {
      await removeSnapshot(store, id);
    }
  }
}

/** Remove what was taken out of its place. */
export async function finishDeletion(store: Store, operation: string): Promise<'finished' | 'undone'> {
  const parent = await Folder.open(dirname(store.dir));
  try {
    await removeTree(parent, relOf(Buffer.from(goneName(operation))));
  } finally {
    await parent.close();
  }
  return (await lstat(store.dir).catch(() => null)) ? 'undone' : 'finished';
}

async function requireOurs(store: Store, { confirm, force, snapshots }: DeleteWorkspaceRequest): Promise<void> {
  const { dir, root } = store;
  const refuse = (why: string, remedy: string) => new VeilError('bad_request', `${dir} ${why}. Nothing was removed.`, remedy);
  if (confirm !== basename(dir)) {
    throw refuse(`is not called ${JSON.stringify(confirm)}`, `Confirm by its name, ${basename(dir)}.`);
  }
  for (const inside of [homedir(), root, process.cwd()]) {
    if (`${inside}${sep}`.startsWith(dir === sep ? sep : `${dir}${sep}`)) {
      throw refuse(`holds ${inside}`, 'Remove it by hand if that is meant.');
    }
  }
  const there = await stat(dir, { bigint: true }).catch(() => null);
  if (!there && !snapshots) {
    throw new VeilError(
      'not_found',
      `${dir} is not there any more. Nothing was removed.`,
      'Remove its snapshots with --snapshots.'
    );
  }
  const made = (await store.about())?.clone;
  const ours = made && there && made.inode === `${there.ino}` && made.dev === `${there.dev}`;
  if (there && !ours && !force) {
    throw refuse('was not made by Veilbook', 'Add --force to remove it all the same.');
  }
}
