import { breathe, chmod, lchown, mkdir } from './direct';
import { setTime } from './copy';
import { type Entry } from './entry';
import { Descent, type Folder } from './folder';
import { eachLimited } from './limited';
import { nameOf, parentOf, type Rel } from './paths';
import { step } from '../step';

const FOLDERS_AT_ONCE = 4;
const FILES_AT_ONCE = 8;

/** Make the folders of a tree in an empty one, each writable for us until `finishFolders`. */
export async function makeFolders(to: Folder, entries: readonly Entry[]): Promise<void> {
  const descent = new Descent(to);
  try {
    for (const { path, type } of entries) {
      if (type === 'folder' && path !== '') {
        await breathe();
        const parent = await descent.to(parentOf(path));
        step(`mkdir ${path}`);
        await mkdir(parent.at(nameOf(path)), 0o700);
      }
    }
  } finally {
    await descent.close();
  }
}

/** Give folders their times and modes, once nothing is written into them any more. */
export async function finishFolders(to: Folder, entries: readonly Entry[], modeOf: (mode: number) => number): Promise<void> {
  const descent = new Descent(to);
  try {
    for (const entry of entries.filter(({ type }) => type === 'folder').reverse()) {
      await breathe();
      const parent = await descent.to(parentOf(entry.path));
      const path = entry.path === '' ? to.at('.') : parent.at(nameOf(entry.path));
      await setTime(path, entry.mtime);
      await chmod(path, modeOf(entry.mode));
    }
  } finally {
    await descent.close();
  }
}

/** Run `work` on the entries of each folder, with that folder opened in every tree; null where a tree does not have it. */
export async function inFolders<E extends { path: Rel }>(
  items: readonly E[],
  trees: readonly (Folder | null)[],
  work: (item: E, folders: (Folder | null)[]) => Promise<void>
): Promise<void> {
  const groups = new Map<Rel, E[]>();
  for (const item of items) {
    const folder = parentOf(item.path);
    const group = groups.get(folder) ?? [];
    group.push(item);
    groups.set(folder, group);
  }
  await eachLimited(groups, FOLDERS_AT_ONCE, async ([path, group]) => {
    const open = await Promise.all(trees.map(tree => tree?.descend(path).catch(() => null) ?? null));
    try {
      await eachLimited(group, FILES_AT_ONCE, item => work(item, open));
    } finally {
      await Promise.all(open.map(folder => folder?.close()));
    }
  });
}

const [OWN_USER, OWN_GROUP] = [process.geteuid?.() ?? -1, process.getegid?.() ?? -1];

/** Owner, where we may set it, and mode. */
export async function setOwnerAndMode(path: Buffer, { type, uid, gid, mode }: Entry): Promise<void> {
  if (uid !== OWN_USER || gid !== OWN_GROUP) {
    await lchown(path, uid, gid).catch(() => undefined);
  }
  if (type !== 'link') {
    await chmod(path, mode);
  }
}
