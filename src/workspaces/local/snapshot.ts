import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LeftOut, type Snapshot, type SnapshotRequest } from '../../protocol';
import { Copier, copyLink, sameContent } from './copy';
import { chmod, link, lstatExact, unlink } from './direct';
import { flush, requireSpace, syncPath } from './disk';
import { pack, sameIdentity, sameTime, settled, type Entry, type Index, type Omission } from './entry';
import { Folder } from './folder';
import { newId } from '../ids';
import { byPath, nameOf, shown, type Rel } from './paths';
import { gitOf, sha256Of } from '../provenance';
import { removeTree } from './remove';
import { type Run } from '../run';
import { type Scope } from './scope';
import { step } from '../step';
import { type Store } from './store';
import { finishFolders, inFolders, makeFolders } from './tree';
import { denied, gone, look, walk } from './walk';

const TRIES = 3;
const SHOWN_OMISSIONS = 1000;

/** In a snapshot nobody writes: a file may be shared with other snapshots. The index holds the real mode. */
export const asleep = (mode: number): number => (mode & 0o555) | 0o400;
const asleepFolder = (mode: number): number => (mode & 0o555) | 0o500;

export interface Asked extends SnapshotRequest {
  kind: Snapshot['kind'];
  scope: Scope;
}

export interface Taken {
  snapshot: Snapshot;
  index: Index;
}

interface Parent {
  id: string;
  at: bigint;
  tree: Folder;
  entries: Map<Rel, Entry>;
}

/**
 * Take a snapshot: written beside its place, flushed, and renamed into it. Of a snapshot that fails nothing stays.
 * @throws VeilError `output_unwritable` when it would not fit
 */
export async function take(store: Store, run: Run, asked: Asked): Promise<Taken> {
  const id = newId(await store.newestId());
  const beside = join(store.folder, `.new-${id}`);
  const live = await Folder.open(store.dir);
  const parent = await openParent(store);
  try {
    const at = BigInt(Date.now()) * 1_000_000n;
    const git = asked.kind === 'safety' ? null : await gitOf(store.dir);
    const walked = await walk(live, {
      at: store.dir,
      scope: asked.scope,
      snapshots: await stat(store.root, { bigint: true }),
      signal: run.signal,
      found: files => run.progress({ files })
    });
    if (asked.kind !== 'safety') {
      await run.phase('copying', asked.kind === 'user' ? { snapshot: id } : {});
    }
    step(`mkdir ${beside}`);
    await mkdir(join(beside, 'tree'), { recursive: true, mode: 0o700 });
    const copied = await fill(store, run, { beside, live, parent, ...walked });
    const index: Index = { at, scope: asked.scope.whole ? null : [...asked.scope.paths!], ...copied };
    const snapshot = await describe(store, { id, asked, git, parent: parent?.id ?? null, beside, index, ...copied });
    await keep(store, beside, snapshot, index);
    return { snapshot: { ...snapshot, tree: store.tree(id) }, index };
  } catch (thrown) {
    const folder = await Folder.open(store.folder);
    await removeTree(folder, `.new-${id}`)
      .catch(() => undefined)
      .finally(() => folder.close());
    throw thrown;
  } finally {
    await live.close();
    await parent?.tree.close();
  }
}

/** The newest snapshot of the whole workspace: what did not change since is shared with it. */
async function openParent(store: Store): Promise<Parent | null> {
  for (const { id, state, paths } of await store.snapshots()) {
    const index = state === 'ready' && paths === null ? await store.index(id).catch(() => null) : null;
    const tree = index && (await Folder.open(store.tree(id)).catch(() => null));
    if (index && tree) {
      return { id, at: index.at, tree, entries: new Map(index.entries.map(entry => [entry.path, entry])) };
    }
  }
  return null;
}

interface Work {
  beside: string;
  live: Folder;
  parent: Parent | null;
  entries: Entry[];
  omissions: Omission[];
}

interface Copied {
  entries: Entry[];
  omissions: Omission[];
  copiedBytes: number;
  method: Snapshot['method'];
}

async function fill(store: Store, run: Run, { beside, live, parent, entries, omissions }: Work): Promise<Copied> {
  const files = entries.filter(({ type }) => type !== 'folder');
  const copier = new Copier(run.signal);
  const shares = await copier.probe(live, files, join(beside, 'probe'));
  const likely = (entry: Entry) => isLike(entry, parent?.entries.get(entry.path));
  const toCopy = shares ? [] : files.filter(entry => !likely(entry));
  const bytes = toCopy.reduce((sum, { size, stored }) => sum + Math.min(size, stored), 0);
  await requireSpace(store.folder, bytes, entries.length, 'No snapshot was taken.');
  run.progress({ files: 0, files_total: files.length, bytes: 0, bytes_total: bytes });

  const to = await Folder.open(join(beside, 'tree'));
  const held = new Map<Rel, Entry>();
  const left = [...omissions];
  let [doneFiles, copiedBytes, linked] = [0, 0, 0];
  try {
    await makeFolders(to, entries);
    await inFolders(files, [live, to, parent?.tree ?? null], async (seen, [from, target, old]) => {
      run.signal.throwIfAborted();
      if (!from) {
        // The folder went, or became something else, since it was read.
        return;
      }
      step(`copy ${seen.path}`);
      const placed = await place({ copier, seen, from, target: target!, old, parent });
      held.set(seen.path, placed.entry ?? seen);
      if (placed.reason) {
        left.push({ path: seen.path, reason: placed.reason });
      }
      if (placed.entry === null) {
        held.delete(seen.path);
      }
      copiedBytes += placed.copied;
      linked += placed.linked ? 1 : 0;
      run.progress({ files: ++doneFiles, bytes: copiedBytes });
    });
    await finishFolders(to, entries, asleepFolder);
  } finally {
    await to.close();
  }
  return {
    entries: entries.flatMap(entry => (entry.type === 'folder' ? entry : (held.get(entry.path) ?? []))),
    omissions: left.sort(byPath),
    copiedBytes,
    method: shares ? 'reflink' : linked > 0 ? 'hardlink' : 'copy'
  };
}

interface Placing {
  copier: Copier;
  seen: Entry;
  from: Folder;
  target: Folder;
  old: Folder | null;
  parent: Parent | null;
}

interface Placed {
  /** As it was copied; null when nothing is held. */
  entry: Entry | null;
  reason: LeftOut['reason'] | null;
  copied: number;
  linked: boolean;
}

const nothing = (reason: LeftOut['reason'] | null): Placed => ({ entry: null, reason, copied: 0, linked: false });

/** Bring one file or link into the snapshot, again when it changes meanwhile. */
async function place({ copier, seen, from, target, old, parent }: Placing): Promise<Placed> {
  const name = nameOf(seen.path);
  let entry = seen;
  let copied = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      const before = parent?.entries.get(seen.path);
      const linked =
        !copier.shares && old !== null && (await shareWithParent({ entry, before, at: parent!.at, from, old, target, name }));
      if (!linked && entry.type === 'link') {
        await copyLink(target, name, entry);
      } else if (!linked) {
        copied += await copier.file(from, name, target, name, entry);
        await chmod(target.at(name), asleep(entry.mode));
      }
      const after = await look(from, seen.path, name);
      if (after === null || after === 'special' || after.type === 'folder') {
        await unlink(target.at(name));
        return nothing(null);
      }
      if (sameIdentity(entry, after) && entry.mode === after.mode) {
        return { entry, reason: null, copied, linked };
      }
      if (attempt === TRIES && after.type === entry.type) {
        return { entry, reason: 'changing', copied, linked };
      }
      entry = after;
    } catch (thrown) {
      if (denied(thrown)) {
        return nothing('unreadable');
      }
      if (gone(thrown)) {
        await unlink(target.at(name)).catch(() => undefined);
        return nothing(null);
      }
      throw thrown;
    }
    await unlink(target.at(name));
  }
}

/** Same size, mode and time: most likely the same content. */
function isLike(entry: Entry, before: Entry | undefined): before is Entry {
  return (
    before !== undefined &&
    before.type === entry.type &&
    before.size === entry.size &&
    before.mode === entry.mode &&
    sameTime(before.mtime, entry.mtime)
  );
}

interface Sharing {
  entry: Entry;
  before: Entry | undefined;
  /** When the parent was taken. */
  at: bigint;
  from: Folder;
  old: Folder;
  target: Folder;
  name: Rel;
}

/** Link to the parent's copy of a file that is the same as then; never to the workspace's own file. */
async function shareWithParent({ entry, before, at, from, old, target, name }: Sharing): Promise<boolean> {
  if (entry.type !== 'file' || !isLike(entry, before)) {
    return false;
  }
  const copy = await lstatExact(old.at(name)).catch(() => null);
  if (!copy?.isFile() || Number(copy.size) !== entry.size || !sameTime(copy.mtimeNs, entry.mtime)) {
    return false;
  }
  const certain = sameIdentity(entry, before) && settled(before, at);
  if (!certain && !(await sameContent(from.at(name), old.at(name)))) {
    return false;
  }
  try {
    await link(old.at(name), target.at(name));
    return true;
  } catch (thrown) {
    // As many links as the file system allows, or a file system without them.
    if (['EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes((thrown as NodeJS.ErrnoException).code ?? '')) {
      return false;
    }
    throw thrown;
  }
}

interface Described {
  id: string;
  asked: Asked;
  git: Snapshot['git'];
  parent: string | null;
  beside: string;
  index: Index;
  copiedBytes: number;
  method: Snapshot['method'];
}

async function describe(
  store: Store,
  { id, asked, git, parent, beside, index, copiedBytes, method }: Described
): Promise<Snapshot> {
  const files = index.entries.filter(({ type }) => type !== 'folder');
  // Where snapshots themselves lie is of no interest to anybody.
  const omissions = index.omissions.filter(({ reason }) => reason !== 'snapshots');
  const { notebook } = asked;
  return {
    id,
    workspace: store.id,
    label: asked.label ?? '',
    kind: asked.kind,
    created: new Date(Number(index.at / 1_000_000n)).toISOString(),
    state: 'ready',
    error: null,
    pinned: asked.pinned ?? false,
    parent,
    git,
    notebook:
      notebook === undefined ? null : { path: notebook, sha256: await sha256Of(Buffer.from(join(beside, 'tree', notebook))) },
    run: asked.run ?? null,
    saved_documents: asked.saved_documents ?? null,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    copied_bytes: copiedBytes,
    method,
    paths: index.scope?.map(shown) ?? null,
    left_out: omissions.slice(0, SHOWN_OMISSIONS).map(({ path, reason }) => ({ path: shown(path), reason })),
    left_out_total: omissions.length,
    tree: null
  };
}

async function keep(store: Store, beside: string, snapshot: Snapshot, index: Index): Promise<void> {
  step('write index');
  await writeFile(join(beside, 'index'), await pack(index), { mode: 0o600 });
  step('write manifest');
  await writeFile(join(beside, 'manifest.json'), JSON.stringify(snapshot, null, 2), { mode: 0o600 });
  await flush(beside);
  step(`rename ${beside}`);
  await rename(beside, store.snapshot(snapshot.id));
  await syncPath(store.folder);
}

/** Remove a snapshot: gone from the list at once, from the disk thereafter. */
export async function removeSnapshot(store: Store, id: string): Promise<void> {
  const folder = await Folder.open(store.folder);
  try {
    step(`rename ${id}`);
    await rename(store.snapshot(id), join(store.folder, `.gone-${id}`));
    await folder.sync();
    await removeTree(folder, `.gone-${id}`);
  } finally {
    await folder.close();
  }
}
