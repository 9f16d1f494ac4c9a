import { sameContent } from './copy';
import {
  entryFrom,
  pack,
  sameIdentity,
  sameTime,
  settled,
  unpack,
  type Entry,
  type Index,
  type Omission,
  type Row
} from './entry';
import { type Folder } from './folder';
import { isBelow, nameOf, parentOf, type Rel } from './paths';
import { type Scope } from './scope';
import { inFolders } from './tree';

/** A file or link that has to be put in its place; `before` is what lay there, which the safety snapshot holds. */
export interface Placement {
  path: Rel;
  entry: Entry;
  before: Entry | null;
}

/** Everything that makes a workspace what a snapshot says. Each list in the order of doing; doing it twice changes nothing. */
export interface Plan {
  /** Files and links that the snapshot does not have, or where it has a folder. */
  removeFiles: Entry[];
  /** Deepest first. */
  removeFolders: Entry[];
  makeFolders: Entry[];
  /** Its number is the name of the staged file. */
  place: Placement[];
  /** Same content, other mode or time. */
  adjust: Placement[];
  /** Mode and time that folders have in the end, deepest first; `time` where the whole folder is restored. */
  folders: { path: Rel; mode: number; time: bigint | null }[];
  /** Time of the workspace's own folder, which staging changes: to go back to, and in the end. */
  root: { before: bigint; after: bigint };
  unchanged: number;
  left: Omission[];
}

interface Sides {
  target: Index;
  live: Index;
  scope: Scope;
  /** Remove what the snapshot does not have. */
  exact: boolean;
  /** Trees to compare contents in. */
  liveTree: Folder;
  targetTree: Folder;
  signal: AbortSignal;
}

export async function planOf(sides: Sides): Promise<Plan> {
  const { target, live, scope, exact } = sides;
  const now = new Map(live.entries.map(entry => [entry.path, entry]));
  const then = new Map(target.entries.map(entry => [entry.path, entry]));
  const foreign = target.omissions.filter(({ reason }) => reason !== 'changing').map(({ path }) => path);
  const unsaved = live.omissions.filter(({ reason }) => reason !== 'changing').map(({ path }) => path);
  const wanted = neededOf(target.entries, scope);
  // Where the snapshot has something else than a folder over what no safety snapshot holds, nothing may be touched.
  const blocked = new Set(unsaved.flatMap(path => lowestOther(path, wanted)));
  const spared = (path: Rel) => under(path, blocked) || foreign.some(one => isBelow(path, one)) || unsaved.includes(path);
  const plan: Plan = {
    removeFiles: [],
    removeFolders: [],
    makeFolders: [],
    place: [],
    adjust: [],
    folders: [],
    root: { before: live.entries[0].mtime, after: (scope.whole ? target : live).entries[0].mtime },
    unchanged: 0,
    left: [...target.omissions.filter(({ path }) => scope.holds(path)), ...live.omissions]
  };
  blocked.forEach(path => plan.left.push({ path, reason: 'blocked' }));

  const compare: { path: Rel; entry: Entry; before: Entry }[] = [];
  const replaced = new Set<Rel>();
  const touched = new Set<Rel>();
  for (const entry of wanted.values()) {
    const { path } = entry;
    const before = now.get(path) ?? null;
    if (spared(path)) {
      continue;
    }
    if (before && before.type !== entry.type && (before.type === 'folder' || entry.type === 'folder')) {
      replaced.add(path);
    }
    if (entry.type === 'folder') {
      if (before?.type !== 'folder') {
        plan.makeFolders.push(entry);
        touched.add(path).add(parentOf(path));
      } else if (scope.holds(path) && (before.mode !== entry.mode || !sameTime(before.mtime, entry.mtime))) {
        touched.add(path);
      }
    } else if (before?.type === 'file' && entry.type === 'file' && before.size === entry.size) {
      compare.push({ path, entry, before });
    } else if (before?.type === 'link' && before.target === entry.target) {
      if (sameTime(before.mtime, entry.mtime)) {
        plan.unchanged++;
      } else {
        plan.adjust.push({ path, entry, before });
      }
    } else {
      plan.place.push({ path, entry, before: before?.type === 'folder' ? null : before });
    }
  }
  await inFolders(compare, [sides.liveTree, sides.targetTree], async ({ path, entry, before }, [ours, theirs]) => {
    const name = nameOf(path);
    const certain = sameIdentity(before, entry) && settled(entry, target.at);
    const same =
      certain || (ours && theirs && (await sameContent(ours.at(name), theirs.at(name), sides.signal).catch(() => false)));
    if (!same) {
      plan.place.push({ path, entry, before });
    } else if (before.mode !== entry.mode || !sameTime(before.mtime, entry.mtime)) {
      plan.adjust.push({ path, entry, before });
    } else {
      plan.unchanged++;
    }
  });
  for (const entry of live.entries) {
    const { path } = entry;
    const other = replaced.has(path) || under(parentOf(path), replaced);
    const extra = exact && scope.holds(path) && !wanted.has(path) && path !== '';
    if ((other || extra) && !spared(path)) {
      (entry.type === 'folder' ? plan.removeFolders : plan.removeFiles).push(entry);
      touched.add(parentOf(path));
    }
  }
  plan.removeFolders.reverse();
  plan.place.forEach(({ path }) => touched.add(parentOf(path)));
  const made = new Set(plan.makeFolders.map(({ path }) => path));
  plan.folders = [...touched]
    .flatMap((path): Plan['folders'] => {
      const [entry, before] = [wanted.get(path) ?? then.get(path), now.get(path)];
      if (scope.holds(path) || made.has(path)) {
        return entry?.type === 'folder' ? [{ path, mode: entry.mode, time: entry.mtime }] : [];
      }
      return before?.type === 'folder' ? [{ path, mode: before.mode, time: null }] : [];
    })
    .sort((a, b) => (a.path < b.path ? 1 : -1));
  return plan;
}

/** The chosen entries of the snapshot, and the folders above them. */
function neededOf(entries: readonly Entry[], scope: Scope): Map<Rel, Entry> {
  const chosen = entries.filter(({ path }) => scope.holds(path));
  const above = new Set<Rel>();
  for (const { path } of chosen) {
    for (let at = path; at !== '' && !above.has(parentOf(at));) {
      at = parentOf(at);
      above.add(at);
    }
  }
  return new Map(entries.filter(({ path }) => scope.holds(path) || above.has(path)).map(entry => [entry.path, entry]));
}

/** The path of this or an upper level where the snapshot has a file or a link. */
function lowestOther(path: Rel, wanted: Map<Rel, Entry>): Rel[] {
  for (let at = path; at !== ''; at = parentOf(at)) {
    const entry = wanted.get(at);
    if (entry) {
      return entry.type !== 'folder' || at === path ? [at] : [];
    }
  }
  return [];
}

function under(path: Rel, folders: Set<Rel>): boolean {
  for (let at = path; ; at = parentOf(at)) {
    if (folders.has(at)) {
      return true;
    }
    if (at === '') {
      return false;
    }
  }
}

/** As it goes to disk, for the life that finishes it. */
export async function packPlan(plan: Plan, safety: string): Promise<Buffer> {
  return pack({ ...plan, safety });
}

export async function unpackPlan(bytes: Uint8Array): Promise<{ plan: Plan; safety: string }> {
  const { safety, ...rows } = await unpack<Packed>(bytes);
  const placed = ({ path, entry, before }: Packed['place'][number]): Placement => ({
    path,
    entry: entryFrom(entry),
    before: before && entryFrom(before)
  });
  const plan: Plan = {
    ...rows,
    removeFiles: rows.removeFiles.map(entryFrom),
    removeFolders: rows.removeFolders.map(entryFrom),
    makeFolders: rows.makeFolders.map(entryFrom),
    place: rows.place.map(placed),
    adjust: rows.adjust.map(placed),
    folders: rows.folders.map(({ path, mode, time }) => ({ path, mode, time: time === null ? null : BigInt(time) })),
    root: { before: BigInt(rows.root.before), after: BigInt(rows.root.after) }
  };
  return { plan, safety };
}

interface Packed {
  removeFiles: Row[];
  removeFolders: Row[];
  makeFolders: Row[];
  place: { path: Rel; entry: Row; before: Row | null }[];
  adjust: { path: Rel; entry: Row; before: Row | null }[];
  folders: { path: Rel; mode: number; time: string | null }[];
  root: { before: string; after: string };
  unchanged: number;
  left: Omission[];
  safety: string;
}
