import { chmod, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Copier, copyLink } from './copy';
import { syncPath } from './disk';
import { pack, type Entry } from './entry';
import { Folder } from './folder';
import { byPath, nameOf, parentOf, relOf, type Rel } from './paths';
import { type Plan } from './plan';
import { removeTree } from './remove';
import { asleep } from './snapshot';
import { step } from '../step';
import { type Store } from './store';
import { look } from './walk';

/** Put what was moved aside during a restore into its safety snapshot, in place of the older state that is there. */
export async function amendSafety(store: Store, safety: string, plan: Plan, staging: Folder): Promise<void> {
  const late = (await readdir(staging.at('.'), { encoding: 'buffer' })).map(relOf).filter(name => name.startsWith('late-'));
  if (late.length === 0) {
    return;
  }
  const index = await store.index(safety);
  const entries = new Map(index.entries.map(entry => [entry.path, entry]));
  const tree = await Folder.open(store.tree(safety));
  try {
    for (const name of late) {
      const { path } = plan.place[Number(name.slice('late-'.length))];
      const entry = await look(staging, path, name);
      if (entry !== null && entry !== 'special') {
        step(`amend ${path}`);
        await exchange(staging, name, tree, entry);
        entries.set(path, entry);
      }
    }
  } finally {
    await tree.close();
  }
  const beside = join(store.snapshot(safety), 'index.new');
  await writeFile(beside, await pack({ ...index, entries: [...entries.values()].sort(byPath) }), { mode: 0o600, flush: true });
  await rename(beside, join(store.snapshot(safety), 'index'));
  await syncPath(store.snapshot(safety));
}

async function exchange(staging: Folder, late: Rel, tree: Folder, entry: Entry): Promise<void> {
  const folder = await writable(tree, parentOf(entry.path));
  const beside = '.veilbook-late';
  try {
    await removeTree(folder, beside);
    if (entry.type === 'link') {
      await copyLink(folder, beside, entry);
    } else {
      await new Copier(undefined).file(staging, late, folder, beside, entry);
      await chmod(folder.at(beside), asleep(entry.mode));
      await syncPath(folder.at(beside));
    }
    // A folder that lay there at first is in the snapshot no longer: the file came in its place.
    await rename(folder.at(beside), folder.at(nameOf(entry.path)));
    await chmod(folder.at('.'), 0o500);
  } finally {
    await folder.close();
  }
}

/** A folder of a snapshot, open to writing; made where the snapshot does not have it. */
async function writable(tree: Folder, path: Rel): Promise<Folder> {
  if (path === '') {
    await chmod(tree.at('.'), 0o700);
    return tree.child('.');
  }
  const above = await writable(tree, parentOf(path));
  try {
    const name = nameOf(path);
    await mkdir(above.at(name), 0o700).catch(() => undefined);
    await chmod(above.at(name), 0o700);
    return await above.child(name);
  } finally {
    await chmod(above.at('.'), 0o500);
    await above.close();
  }
}
