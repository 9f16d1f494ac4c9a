import { lstat, mkdir, readdir, realpath, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { VeilError, type CloneRequest, type OperationRecord } from '../../protocol';
import { Copier, copyLink } from './copy';
import { flush, requireSpace, syncPath } from './disk';
import { type Entry } from './entry';
import { Folder } from './folder';
import { nameOf } from './paths';
import { removeTree } from './remove';
import { type Run } from '../run';
import { Scope } from './scope';
import { take } from './snapshot';
import { requireWhole } from './stage';
import { step } from '../step';
import { Store, workspaceId } from './store';
import { finishFolders, inFolders, makeFolders, setOwnerAndMode } from './tree';
import { look } from './walk';

/** Beside the clone's place, so that it appears there whole by one rename. */
const besideOf = (to: string, operation: string): string => join(dirname(to), `.veilbook-clone-${operation}`);

/**
 * A new workspace from a snapshot, or from one taken now.
 * @returns its store
 */
export async function clone(store: Store, run: Run, { to, snapshot: asked }: CloneRequest): Promise<Store> {
  const place = await freePlace(store, to);
  const snapshot = asked === undefined ? (await take(store, run, fresh(place))).snapshot : await store.requireSnapshot(asked);
  const index = await store.index(snapshot.id);
  if (index.scope !== null) {
    throw new VeilError('bad_request', `Snapshot ${snapshot.id} holds only some files. Nothing was made.`, 'Use another one.');
  }
  await run.phase('copying', { snapshot: snapshot.id, target: place });
  const beside = besideOf(place, run.id);
  const parent = await Folder.open(dirname(place));
  const tree = await Folder.open(store.tree(snapshot.id));
  try {
    await build(tree, index.entries, beside, run);
    await run.commit('committing');
    return await settle(store, run.id, place, snapshot.id);
  } catch (thrown) {
    if (!run.committed) {
      await removeTree(parent, Buffer.from(basename(beside)).toString('latin1')).catch(() => undefined);
    }
    throw thrown;
  } finally {
    await parent.close();
    await tree.close();
  }
}

const fresh = (place: string) => ({ kind: 'clone' as const, label: `start of ${basename(place)}`, scope: Scope.everything });

/** @throws VeilError `bad_request` for a place that holds something or lies where no workspace may */
async function freePlace(store: Store, to: string): Promise<string> {
  const asked = resolve(to);
  const above = await realpath(dirname(asked)).catch(() => null);
  const refuse = (why: string, remedy: string) => new VeilError('bad_request', `${asked} ${why}. Nothing was made.`, remedy);
  if (above === null) {
    throw refuse('lies in a folder that is not there', 'Make that folder first.');
  }
  const place = join(above, basename(asked));
  const there = await lstat(place).catch(() => null);
  if (there && (!there.isDirectory() || (await readdir(place)).length > 0)) {
    throw refuse(there.isDirectory() ? 'is not empty' : 'is there already', 'Name a folder that is not there.');
  }
  for (const [folder, what] of [
    [store.dir, 'the workspace itself'],
    [store.root, 'the snapshots']
  ]) {
    if (`${place}${sep}`.startsWith(`${folder}${sep}`)) {
      throw refuse(`lies in ${what}`, 'Name a folder outside.');
    }
  }
  return place;
}

async function build(tree: Folder, entries: readonly Entry[], beside: string, run: Run): Promise<void> {
  const files = entries.filter(({ type }) => type !== 'folder');
  step(`mkdir ${beside}`);
  await mkdir(beside, { mode: 0o700 });
  const to = await Folder.open(beside);
  try {
    const copier = new Copier(run.signal);
    const shares = await copier.probe(tree, files, join(beside, '.veilbook-probe'));
    const bytes = files.reduce((sum, { size, stored }) => sum + Math.min(size, stored), 0);
    await requireSpace(dirname(beside), shares ? 0 : bytes, entries.length, 'Nothing was made.');
    run.progress({ files: 0, files_total: files.length, bytes: 0, bytes_total: bytes });
    let [done, copied] = [0, 0];
    await makeFolders(to, entries);
    await inFolders(files, [tree, to], async (entry, [from, target]) => {
      run.signal.throwIfAborted();
      const name = nameOf(entry.path);
      step(`copy ${entry.path}`);
      if (entry.type === 'link') {
        await copyLink(target!, name, entry);
      } else {
        requireWhole(entry, from && (await look(from, entry.path, name)));
        await copier.file(from!, name, target!, name, entry);
      }
      await setOwnerAndMode(target!.at(name), entry);
      run.progress({ files: ++done, bytes: (copied += entry.size) });
    });
    await finishFolders(to, entries, mode => mode);
    await run.phase('flushing');
    await flush(beside);
  } finally {
    await to.close();
  }
}

/** Give the clone its place and its store. Done twice it changes nothing. */
async function settle(store: Store, operation: string, place: string, snapshot: string): Promise<Store> {
  const beside = besideOf(place, operation);
  const made = await stat(beside, { bigint: true }).catch(() => null);
  const own = new Store(store.root, workspaceId(place), place);
  if (made) {
    await own.make();
    const clone = { workspace: store.id, snapshot, operation, dev: `${made.dev}`, inode: `${made.ino}` };
    await own.remember({ clone, last_restore: null });
    step(`rename ${beside}`);
    await rename(beside, place);
    await syncPath(dirname(place));
  }
  return own;
}

/** Finish what a crash left after the commit, or remove it. */
export async function recoverClone(
  store: Store,
  { id, phase, target, snapshot }: OperationRecord
): Promise<'finished' | 'undone'> {
  if (target === null) {
    return 'undone';
  }
  if (phase === 'committing') {
    try {
      await settle(store, id, target, snapshot!);
      return 'finished';
    } catch (thrown) {
      // Somebody put something there meanwhile: it is theirs.
      if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((thrown as NodeJS.ErrnoException).code ?? '')) {
        throw thrown;
      }
    }
  }
  const parent = await Folder.open(dirname(target));
  try {
    await removeTree(parent, Buffer.from(basename(besideOf(target, id))).toString('latin1'));
  } finally {
    await parent.close();
  }
  return 'undone';
}
