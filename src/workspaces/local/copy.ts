import { constants, copyFile, open, type FileHandle } from 'node:fs/promises';
import { copySmall, lutimes, symlink, unlink } from './direct';
import { type Entry } from './entry';
import { type Folder } from './folder';
import { bytesOf, type Rel } from './paths';

/** Up to here one call copies; above, pieces, so that it can be stopped in between. */
const WHOLE = 8 << 20;
const PIECE = 4 << 20;
const BLOCK = 4096;
/** Up to here a copy takes no longer than asking a thread for it. */
const SMALL = 128 << 10;

/** How the data of files come from one tree to another, found out by the first of them. */
export class Copier {
  private sharing: boolean | null = null;

  constructor(private readonly signal: AbortSignal | undefined) {}

  /** Whether the file system shares blocks; null before the first file. */
  get shares(): boolean | null {
    return this.sharing;
  }

  /** Find out by the first file that can be read whether blocks are shared with `beside`, which does not stay. */
  async probe(from: Folder, entries: readonly Entry[], beside: string): Promise<boolean> {
    for (const { path, type, size } of entries) {
      if (type === 'file' && size > 0) {
        try {
          await this.share(from.at(path), Buffer.from(beside), size);
          await unlink(beside).catch(() => undefined);
          break;
        } catch {
          // Unreadable or gone: the next one says.
        }
      }
    }
    return this.sharing === true;
  }

  /**
   * Copy the data of a file to a new one, mode 0600 and its time set.
   * @returns bytes copied: 0 where blocks are shared
   */
  async file(from: Folder, name: Rel, to: Folder, as: Rel, entry: Entry): Promise<number> {
    const [source, target] = [from.at(name), to.at(as)];
    const copied = (await this.share(source, target, entry.size)) ? 0 : await this.write(source, target, entry);
    await setTime(target, entry.mtime);
    return copied;
  }

  private async share(source: Buffer, target: Buffer, size: number): Promise<boolean> {
    if (this.sharing === false) {
      return false;
    }
    try {
      await copierFor(size)(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
      this.sharing = true;
      return true;
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (!['ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY'].includes(code ?? '')) {
        throw thrown;
      }
      await unlink(target).catch(() => undefined);
      // A swap file or one with other attributes cannot share; another may.
      this.sharing ??= code === 'EINVAL' ? null : false;
      return false;
    }
  }

  private async write(source: Buffer, target: Buffer, { size, stored }: Entry): Promise<number> {
    this.signal?.throwIfAborted();
    const sparse = stored < size;
    if (size <= WHOLE && !sparse) {
      await copierFor(size)(source, target, constants.COPYFILE_EXCL);
      return size;
    }
    const from = await open(source, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const to = await open(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
      try {
        return await this.pieces(from, to, sparse);
      } finally {
        await to.close();
      }
    } finally {
      await from.close();
    }
  }

  private async pieces(from: FileHandle, to: FileHandle, sparse: boolean): Promise<number> {
    const piece = Buffer.allocUnsafe(PIECE);
    let copied = 0;
    for (let at = 0; ;) {
      this.signal?.throwIfAborted();
      const { bytesRead } = await from.read(piece, 0, PIECE, at);
      if (bytesRead === 0) {
        await to.truncate(at);
        return copied;
      }
      for (const [start, end] of sparse ? stretches(piece, bytesRead) : [[0, bytesRead]]) {
        await writeAll(to, piece.subarray(start, end), at + start);
        copied += end - start;
      }
      at += bytesRead;
    }
  }
}

const copierFor = (size: number) => (size <= SMALL ? copySmall : copyFile);

async function writeAll(to: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await to.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

const ZEROS = Buffer.alloc(BLOCK);

/** The parts of a piece that are not blocks of zeros. */
function stretches(piece: Buffer, length: number): [number, number][] {
  const found: [number, number][] = [];
  for (let at = 0; at < length; at += BLOCK) {
    const end = Math.min(length, at + BLOCK);
    if (piece.compare(ZEROS, 0, end - at, at, end) !== 0) {
      const last = found.at(-1);
      if (last && last[1] === at) {
        last[1] = end;
      } else {
        found.push([at, end]);
      }
    }
  }
  return found;
}

/** Make a symbolic link that says the same. */
export async function copyLink(to: Folder, as: Rel, { target, mtime }: Entry): Promise<void> {
  await symlink(bytesOf(target!), to.at(as));
  await setTime(to.at(as), mtime);
}

/** Set the time of what is there, a link's own, to the microsecond: that is what Node hands on. */
export async function setTime(path: Buffer, mtime: bigint): Promise<void> {
  // libuv cuts off: the half keeps it from falling to the microsecond below. As text, because Node takes a negative
  // number for now.
  const seconds = String((Number(mtime / 1000n) + 0.5) / 1e6);
  await lutimes(path, seconds);
}

/** Whether two files hold the same bytes. */
export async function sameContent(a: Buffer, b: Buffer, signal?: AbortSignal): Promise<boolean> {
  const [one, other] = [
    await open(a, constants.O_RDONLY | constants.O_NOFOLLOW),
    await open(b, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => null)
  ];
  try {
    if (!other) {
      return false;
    }
    const [left, right] = [await one.stat(), await other.stat()];
    if (left.size !== right.size) {
      return false;
    }
    const length = Math.max(1, Math.min(left.size, 1 << 20));
    const [x, y] = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)];
    for (let at = 0; at < left.size;) {
      signal?.throwIfAborted();
      const [read, check] = await Promise.all([one.read(x, 0, length, at), other.read(y, 0, length, at)]);
      if (read.bytesRead !== check.bytesRead || read.bytesRead === 0) {
        return false;
      }
      if (x.compare(y, 0, read.bytesRead, 0, read.bytesRead) !== 0) {
        return false;
      }
      at += read.bytesRead;
    }
    return true;
  } finally {
    await one.close();
    await other?.close();
  }
}
