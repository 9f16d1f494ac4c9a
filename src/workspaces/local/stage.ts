import { constants, mkdir, open, unlink } from 'node:fs/promises';
import { VeilError } from '../../protocol';
import { Copier, copyLink } from './copy';
import { flush, requireSpace, syncPath } from './disk';
import { sameTime, type Entry } from './entry';
import { type Folder } from './folder';
import { nameOf, type Rel } from './paths';
import { type Placement, type Plan } from './plan';
import { type Run } from '../run';
import { step } from '../step';
import { inFolders, setOwnerAndMode } from './tree';
import { look } from './walk';

/** In the workspace, so that what is staged there gets into its place by a rename. */
export const stagingName = (operation: string): Rel => `.veilbook-restore-${operation}`;
/** Space for what folders take while files are renamed; given free again just before. */
const RESERVE = 'reserve';
const PER_FOLDER = 8192;
/** Up to so many files are flushed one by one, more by flushing the file system. */
export const FEW = 64;

/** Put a copy of everything that a plan places beside the workspace's own files, flushed to the disk. Nothing else changes. */
export async function stage(live: Folder, dir: string, tree: Folder, plan: Plan, run: Run): Promise<void> {
  const items = plan.place.map((placement, k) => ({ ...placement, k }));
  const copier = new Copier(run.signal);
  step('mkdir staging');
  await mkdir(live.at(stagingName(run.id)), 0o700);
  const staging = await live.child(stagingName(run.id));
  try {
    const files = items.map(({ entry }) => entry);
    // Shared blocks take no space; the first file tells.
    const shares = await copier.probe(tree, files, `${staging.path}/probe`);
    const bytes = files.reduce((sum, { size, stored }) => sum + Math.min(size, stored), 0);
    const reserve = (plan.folders.length + 8) * PER_FOLDER;
    await requireSpace(dir, (shares ? 0 : bytes) + reserve, items.length, 'The workspace is as it was.');
    await ballast(staging.at(RESERVE), reserve);
    run.progress({ files: 0, files_total: items.length, bytes: 0, bytes_total: bytes });
    let [done, copied] = [0, 0];
    await inFolders(items, [tree], async ({ path, entry, k }, [from]) => {
      run.signal.throwIfAborted();
      await stageOne(copier, from, staging, { path, entry }, String(k));
      run.progress({ files: ++done, bytes: (copied += entry.size) });
    });
    await run.phase('flushing');
    if (items.length <= FEW) {
      for (const { k, entry } of items) {
        if (entry.type === 'file') {
          await syncStaged(staging.at(String(k)));
        }
      }
      await syncPath(staging.path);
    } else {
      await flush(dir);
    }
  } finally {
    await staging.close();
  }
}

/** @throws VeilError `snapshot_damaged` when the snapshot's file is not what its index says */
export async function stageOne(
  copier: Copier,
  from: Folder | null,
  staging: Folder,
  { path, entry }: Pick<Placement, 'path' | 'entry'>,
  as: Rel
): Promise<void> {
  step(`stage ${path}`);
  if (entry.type === 'link') {
    await copyLink(staging, as, entry);
  } else {
    const name = nameOf(path);
    requireWhole(entry, from && (await look(from, path, name)));
    await copier.file(from!, name, staging, as, entry);
  }
  await setOwnerAndMode(staging.at(as), entry);
}

export function requireWhole(entry: Entry, found: Entry | 'special' | null): void {
  if (
    found === null ||
    found === 'special' ||
    found.type !== 'file' ||
    found.size !== entry.size ||
    !sameTime(found.mtime, entry.mtime)
  ) {
    const name = Buffer.from(entry.path, 'latin1').toString('utf8');
    throw new VeilError(
      'snapshot_damaged',
      `${name} in the snapshot was changed or removed since it was taken. The workspace is as it was.`,
      'Restore other files, or use another snapshot.'
    );
  }
}

/** A file may have a mode that keeps us from reading it. */
async function syncStaged(path: Buffer): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => null);
  await handle?.sync().finally(() => handle.close());
}

/** A file of blocks that are really taken. */
async function ballast(path: Buffer, bytes: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    const block = Buffer.alloc(Math.min(bytes, 1 << 20), 1);
    for (let at = 0; at < bytes; at += block.length) {
      await file.write(block, 0, Math.min(block.length, bytes - at), at);
    }
  } finally {
    await file.close();
  }
}

export async function giveReserve(staging: Folder): Promise<void> {
  await unlink(staging.at(RESERVE)).catch(() => undefined);
}
