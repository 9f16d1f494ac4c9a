import * as fs from 'node:fs';

/**
 * File system calls that take microseconds, made on this thread: a thread of Node's pool for each costs more than the
 * call, many times more on a busy machine. What moves data or waits for the disk does not belong here. Whoever makes
 * many of them lets others have a turn by `breathe`.
 */
export const lstat = async (path: fs.PathLike): Promise<fs.Stats> => fs.lstatSync(path);
export const lstatExact = async (path: fs.PathLike): Promise<fs.BigIntStats> => fs.lstatSync(path, { bigint: true });
export const namesIn = async (path: fs.PathLike): Promise<Buffer[]> => fs.readdirSync(path, { encoding: 'buffer' });
export const readlink = async (path: fs.PathLike): Promise<Buffer> => fs.readlinkSync(path, { encoding: 'buffer' });
export const mkdir = async (path: fs.PathLike, mode: number): Promise<void> => fs.mkdirSync(path, { mode });
export const rename = async (from: fs.PathLike, to: fs.PathLike): Promise<void> => fs.renameSync(from, to);
export const rmdir = async (path: fs.PathLike): Promise<void> => fs.rmdirSync(path);
export const unlink = async (path: fs.PathLike): Promise<void> => fs.unlinkSync(path);
export const link = async (from: fs.PathLike, to: fs.PathLike): Promise<void> => fs.linkSync(from, to);
export const symlink = async (target: fs.PathLike, path: fs.PathLike): Promise<void> => fs.symlinkSync(target, path);
export const chmod = async (path: fs.PathLike, mode: number): Promise<void> => fs.chmodSync(path, mode);
export const lchown = async (path: fs.PathLike, uid: number, gid: number): Promise<void> => fs.lchownSync(path, uid, gid);
export const lutimes = async (path: fs.PathLike, seconds: string): Promise<void> => fs.lutimesSync(path, seconds, seconds);
export const copySmall = async (from: fs.PathLike, to: fs.PathLike, flags: number): Promise<void> =>
  fs.copyFileSync(from, to, flags);

const TURN_MS = 5;
let last = 0;

/** Let timers, sockets and other work have a turn, when this has gone on for some milliseconds. */
export async function breathe(): Promise<void> {
  if (performance.now() - last > TURN_MS) {
    await new Promise(setImmediate);
    last = performance.now();
  }
}
