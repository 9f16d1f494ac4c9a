import { breathe, chmod, mkdir, rename, rmdir, unlink } from './direct';
import { Copier, setTime } from './copy';
import { flush } from './disk';
import { sameIdentity, type Entry, type Omission } from './entry';
import { Descent, type Folder } from './folder';
import { nameOf, parentOf, type Rel } from './paths';
import { type Placement, type Plan } from './plan';
import { FEW, giveReserve, stageOne } from './stage';
import { step } from '../step';
import { denied, gone, look } from './walk';

/** What lay where something was put, when it had changed after the safety snapshot. */
export const lateName = (k: number): Rel => `late-${k}`;

export interface Committed {
  created: number;
  replaced: number;
  removed: number;
  adjusted: number;
  left: Omission[];
}

interface Sides {
  live: Folder;
  staging: Folder;
  tree: Folder;
  dir: string;
  progress: (files: number) => void;
}

/**
 * Make the workspace what the plan says by renames and removals alone. Whoever is killed in the middle calls it again.
 * A path that changed since the safety snapshot is not destroyed: it is moved into the staging folder, or left there.
 */
export async function commit(plan: Plan, { live, staging, tree, dir, progress }: Sides): Promise<Committed> {
  const done: Committed = { created: 0, replaced: 0, removed: 0, adjusted: 0, left: [] };
  const descent = new Descent(live);
  let count = 0;
  /** Do something in a folder of ours, if it must be by giving us the right to write there: its mode comes last. */
  const within = async (path: Rel, work: (folder: Folder, name: Rel) => Promise<void>) => {
    progress(++count);
    await breathe();
    try {
      const folder = await descent.to(parentOf(path));
      const name = nameOf(path);
      await work(folder, name).catch(async thrown => {
        if (!denied(thrown)) {
          throw thrown;
        }
        await chmod(folder.at('.'), 0o700);
        await work(folder, name);
      });
    } catch (thrown) {
      if (!denied(thrown) && !gone(thrown) && !occupied(thrown)) {
        throw thrown;
      }
      done.left.push({ path, reason: 'blocked' });
    }
  };
  try {
    step('give reserve');
    await giveReserve(staging);
    for (const entry of plan.removeFiles) {
      await within(entry.path, async (folder, name) => {
        const now = await look(folder, entry.path, name);
        if (now === null) {
          return;
        }
        if (now === 'special' || !sameIdentity(now, entry)) {
          done.left.push({ path: entry.path, reason: 'changed_since' });
          return;
        }
        step(`unlink ${entry.path}`);
        await unlink(folder.at(name));
        done.removed++;
      });
    }
    for (const { path } of plan.removeFolders) {
      await within(path, async (folder, name) => {
        step(`rmdir ${path}`);
        await rmdir(folder.at(name)).catch(thrown => {
          // Something in it is kept, and was named.
          if (!gone(thrown) && !occupied(thrown)) {
            throw thrown;
          }
        });
      });
    }
    for (const { path, mode } of plan.makeFolders) {
      await within(path, async (folder, name) => {
        const now = await look(folder, path, name);
        if (now === null) {
          step(`mkdir ${path}`);
          await mkdir(folder.at(name), mode | 0o700);
          done.created++;
        }
      });
    }
    const copier = new Copier(undefined);
    for (const [k, placement] of plan.place.entries()) {
      await within(placement.path, (folder, name) => placeOne({ folder, name, placement, k, staging, tree, copier, done }));
    }
    for (const { path, entry, before } of plan.adjust) {
      await within(path, async (folder, name) => {
        const now = await look(folder, path, name);
        if (
          now !== null &&
          now !== 'special' &&
          now.type === before!.type &&
          now.inode === before!.inode &&
          now.size === before!.size
        ) {
          step(`adjust ${path}`);
          await setTime(folder.at(name), entry.mtime);
          if (entry.type === 'file') {
            await chmod(folder.at(name), entry.mode);
          }
          done.adjusted++;
        }
      });
    }
    await settleFolders(plan, live, descent);
  } finally {
    await descent.close();
  }
  await settleOnDisk(plan, live, dir);
  return done;
}

interface Placing {
  folder: Folder;
  name: Rel;
  placement: Placement;
  k: number;
  staging: Folder;
  tree: Folder;
  copier: Copier;
  done: Committed;
}

async function placeOne({ folder, name, placement, k, staging, tree, copier, done }: Placing): Promise<void> {
  const { path, entry, before } = placement;
  const staged = String(k);
  const now = await look(folder, path, name);
  if ((await look(staging, staged, staged)) === null) {
    if (!isAsBefore(now, before)) {
      // It is in its place already.
      return;
    }
    const from = await tree.descend(parentOf(path)).catch(() => null);
    await stageOne(copier, from, staging, { path, entry }, staged).finally(() => from?.close());
  }
  if (now === 'special' || (now !== null && now.type === 'folder')) {
    done.left.push({ path, reason: 'changed_since' });
    return;
  }
  if (now !== null && !isAsBefore(now, before)) {
    if ((await look(staging, lateName(k), lateName(k))) !== null) {
      // Moved aside in a life that was killed, and written anew since: it stays.
      done.left.push({ path, reason: 'changed_since' });
      return;
    }
    step(`late ${path}`);
    await rename(folder.at(name), staging.at(lateName(k)));
  }
  step(`place ${path}`);
  await rename(staging.at(staged), folder.at(name));
  if (before) {
    done.replaced++;
  } else {
    done.created++;
  }
}

function isAsBefore(now: Entry | 'special' | null, before: Entry | null): boolean {
  return now === null ? before === null : now !== 'special' && before !== null && sameIdentity(now, before);
}

/** Modes and times of folders, deepest first, when nothing is put into them any more. */
async function settleFolders({ folders }: Plan, live: Folder, descent: Descent): Promise<void> {
  for (const { path, mode, time } of folders) {
    const folder = path === '' ? live : await descent.to(parentOf(path)).catch(() => null);
    const at = path === '' ? live.at('.') : folder?.at(nameOf(path));
    const found = folder && (path === '' || (await look(folder, path, nameOf(path))));
    if (at && (found === true || (found && found !== 'special' && found.type === 'folder'))) {
      step(`settle ${path}`);
      try {
        if (time !== null) {
          await setTime(at, time);
        }
        await chmod(at, mode);
      } catch (thrown) {
        if (!denied(thrown)) {
          throw thrown;
        }
      }
    }
  }
}

/** Flush the folders that were changed, or the file system where they are many. */
async function settleOnDisk({ folders }: Plan, live: Folder, dir: string): Promise<void> {
  if (folders.length > FEW) {
    return flush(dir);
  }
  for (const { path } of folders) {
    const folder = await live.descend(path).catch(() => null);
    await folder?.sync().finally(() => folder.close());
  }
}

const occupied = (thrown: unknown): boolean =>
  ['ENOTEMPTY', 'EEXIST', 'EISDIR', 'EBUSY', 'EXDEV'].includes((thrown as NodeJS.ErrnoException).code ?? '');
