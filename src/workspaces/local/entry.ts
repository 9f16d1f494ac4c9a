import { type BigIntStats } from 'node:fs';
import { gzip, gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { type LeftOut } from '../../protocol';
import { type Rel } from './paths';

export type EntryType = 'file' | 'folder' | 'link';

/** One thing in a tree as lstat(2) saw it. Times in ns since 1970. */
export interface Entry {
  path: Rel;
  type: EntryType;
  /** The permission bits, 07777. */
  mode: number;
  size: number;
  mtime: bigint;
  ctime: bigint;
  inode: bigint;
  uid: number;
  gid: number;
  /** Bytes on disk; less than `size` where the file has holes. */
  stored: number;
  /** Of a symbolic link. */
  target: Rel | null;
}

export function entryOf(path: Rel, type: EntryType, stats: BigIntStats, target: Rel | null): Entry {
  return {
    path,
    type,
    mode: Number(stats.mode) & 0o7777,
    size: type === 'folder' ? 0 : Number(stats.size),
    mtime: stats.mtimeNs,
    ctime: stats.ctimeNs,
    inode: stats.ino,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    stored: Number(stats.blocks) * 512,
    target
  };
}

/** The same inode, not written to or changed since: what was true of the content then is true now. */
export function sameIdentity(a: Entry, b: Entry): boolean {
  return a.type === b.type && a.inode === b.inode && a.size === b.size && a.mtime === b.mtime && a.ctime === b.ctime;
}

/** Node sets times to the microsecond, so times that it set are compared so. */
export const sameTime = (a: bigint, b: bigint): boolean => a / 1000n === b / 1000n;

/** A path that a snapshot does not hold, and why. */
export interface Omission {
  path: Rel;
  reason: LeftOut['reason'];
}

/** What a tree was when it was taken. */
export interface Index {
  /** When reading began, by this machine's clock, ns. */
  at: bigint;
  /** Of a snapshot of parts: which. */
  scope: Rel[] | null;
  /** Sorted by path; the tree's own folder first, under ''. */
  entries: Entry[];
  omissions: Omission[];
}

const TICK = 100_000_000n;
const SECOND = 1_000_000_000n;

/**
 * Whether a later write must show in the entry's times. One within the same tick of the file system's clock would not:
 * what was that young when it was read is compared by content.
 */
export function settled(entry: Entry, at: bigint): boolean {
  const resolution = entry.ctime % SECOND === 0n ? 2n * SECOND : TICK;
  return entry.ctime + resolution < at;
}

/** An entry as it goes to disk. */
export type Row = [Rel, EntryType, number, number, string, string, string, number, number, number, Rel | null];

const rowOf = (e: Entry): Row => [
  e.path,
  e.type,
  e.mode,
  e.size,
  `${e.mtime}`,
  `${e.ctime}`,
  `${e.inode}`,
  e.uid,
  e.gid,
  e.stored,
  e.target
];

export function entryFrom([path, type, mode, size, mtime, ctime, inode, uid, gid, stored, target]: Row): Entry {
  return {
    path,
    type,
    mode,
    size,
    mtime: BigInt(mtime),
    ctime: BigInt(ctime),
    inode: BigInt(inode),
    uid,
    gid,
    stored,
    target
  };
}

/** JSON, compressed; entries in it are rows. */
export async function pack(value: object): Promise<Buffer> {
  const text = JSON.stringify(value, (_, part) => (isEntry(part) ? rowOf(part) : typeof part === 'bigint' ? `${part}` : part));
  return promisify(gzip)(text, { level: 1 });
}

function isEntry(part: unknown): part is Entry {
  return typeof part === 'object' && part !== null && 'inode' in part;
}

export async function unpackIndex(bytes: Uint8Array): Promise<Index> {
  const { at, scope, entries, omissions } = await unpack<{
    at: string;
    scope: Rel[] | null;
    entries: Row[];
    omissions: Omission[];
  }>(bytes);
  return { at: BigInt(at), scope, entries: entries.map(entryFrom), omissions };
}

export async function unpack<T>(bytes: Uint8Array): Promise<T> {
  return JSON.parse((await promisify(gunzip)(bytes)).toString('utf8')) as T;
}
