import { type BigIntStats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { lstatExact, namesIn, readlink } from './direct';
import { entryOf, type Entry, type Omission } from './entry';
import { type Folder } from './folder';
import { eachLimited } from './limited';
import { byPath, joined, relOf, type Rel } from './paths';
import { type Scope } from './scope';

export interface Walked {
  /** Sorted by path; the tree's own folder first, under ''. */
  entries: Entry[];
  omissions: Omission[];
}

export interface WalkOptions {
  /** The tree's real path, to know mounts below it. */
  at: string;
  scope: Scope;
  /** The folder of all snapshots: left out where it lies in the tree. */
  snapshots: { dev: bigint; ino: bigint } | null;
  signal?: AbortSignal;
  found?: (count: number) => void;
}

const AT_ONCE = 8;

/** Everything in a tree, without following a symbolic link and without leaving its file system. */
export async function walk(root: Folder, options: WalkOptions): Promise<Walked> {
  const { scope, snapshots, signal, found } = options;
  const mounts = await mountsBelow(options.at);
  const top = await lstatExact(root.at('.'));
  const entries: Entry[] = [entryOf('', 'folder', top, null)];
  const omissions: Omission[] = [];

  const take = async (folder: Folder, path: Rel, name: Rel): Promise<Rel | null> => {
    const stats = await lstatExact(folder.at(name));
    const reason = special(stats);
    if (reason) {
      omissions.push({ path, reason });
      return null;
    }
    if (stats.isDirectory()) {
      if (snapshots && stats.dev === snapshots.dev && stats.ino === snapshots.ino) {
        omissions.push({ path, reason: 'snapshots' });
        return null;
      }
      if (stats.dev !== top.dev || mounts.has(path)) {
        omissions.push({ path, reason: 'other_file_system' });
        return null;
      }
      entries.push(entryOf(path, 'folder', stats, null));
      return path;
    }
    const target = stats.isSymbolicLink() ? relOf(await readlink(folder.at(name))) : null;
    entries.push(entryOf(path, target === null ? 'file' : 'link', stats, target));
    return null;
  };

  const read = async (path: Rel): Promise<Rel[]> => {
    const folder = await root.descend(path);
    try {
      const names = (await namesIn(folder.at('.')))
        .map(relOf)
        .filter(name => scope.holds(joined(path, name)) || scope.leadsBy(joined(path, name)));
      const folders: Rel[] = [];
      await eachLimited(names, AT_ONCE, async name => {
        try {
          const below = await take(folder, joined(path, name), name);
          if (below !== null) {
            folders.push(below);
          }
        } catch (thrown) {
          // Gone between reading the folder and looking at it: it is not in the workspace.
          if (!gone(thrown)) {
            throw thrown;
          }
        }
      });
      return folders;
    } finally {
      await folder.close();
    }
  };

  for (let level: Rel[] = ['']; level.length > 0;) {
    const next: Rel[] = [];
    await eachLimited(level, AT_ONCE, async path => {
      signal?.throwIfAborted();
      try {
        for (const below of await read(path)) {
          next.push(below);
        }
        found?.(entries.length);
      } catch (thrown) {
        if (denied(thrown) && path !== '') {
          omissions.push({ path, reason: 'unreadable' });
        } else if (!gone(thrown) || path === '') {
          throw thrown;
        }
      }
    });
    level = next;
  }
  return { entries: entries.sort(byPath), omissions: omissions.sort(byPath) };
}

function special(stats: BigIntStats): Omission['reason'] | null {
  if (stats.isSocket()) {
    return 'socket';
  }
  if (stats.isFIFO()) {
    return 'fifo';
  }
  return stats.isBlockDevice() || stats.isCharacterDevice() ? 'device' : null;
}

const codeOf = (thrown: unknown) => (thrown as NodeJS.ErrnoException).code ?? '';
export const denied = (thrown: unknown): boolean => ['EACCES', 'EPERM'].includes(codeOf(thrown));
export const gone = (thrown: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(thrown));

/** Mounts strictly below a path: a bind mount has the same device number, but nothing can be renamed into it. */
async function mountsBelow(at: string): Promise<Set<Rel>> {
  const table = await readFile('/proc/self/mountinfo', 'latin1').catch(() => '');
  const prefix = `${relOf(Buffer.from(at)).replace(/\/$/, '')}/`;
  const points = table
    .split('\n')
    .map(line =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
    );
  return new Set(points.filter(point => point.startsWith(prefix)).map(point => point.slice(prefix.length)));
}

/** One entry anew; `special` for what no snapshot holds, null where nothing is. */
export async function look(folder: Folder, path: Rel, name: Rel): Promise<Entry | 'special' | null> {
  try {
    const stats = await lstatExact(folder.at(name));
    if (stats.isDirectory()) {
      return entryOf(path, 'folder', stats, null);
    }
    if (stats.isSymbolicLink()) {
      return entryOf(path, 'link', stats, relOf(await readlink(folder.at(name))));
    }
    return stats.isFile() ? entryOf(path, 'file', stats, null) : 'special';
  } catch (thrown) {
    if (gone(thrown)) {
      return null;
    }
    throw thrown;
  }
}
