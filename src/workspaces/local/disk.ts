import { spawn } from 'node:child_process';
import { open, readFile, rename, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { VeilError } from '../../protocol';
import { size } from './failures';
import { step } from '../step';

/** Flush everything of the file system that `path` lies on: one call in place of one for each file. */
export async function flush(path: string): Promise<void> {
  const code = await new Promise<number | null>(settle => {
    const child = spawn('sync', ['--file-system', path], { stdio: 'ignore', detached: true });
    child.once('error', () => settle(null));
    child.once('exit', settle);
  });
  if (code !== 0) {
    // Where sync(1) knows no --file-system: all file systems.
    await new Promise<void>(settle =>
      spawn('sync', { stdio: 'ignore', detached: true })
        .once('error', () => settle())
        .once('exit', () => settle())
    );
  }
}

export async function syncPath(path: string | Buffer): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

/**
 * Write a document so that a reader finds the old one or the new one.
 * @param durable so does the next life after a power cut; without it a power cut may lose the change, never half of it
 */
export async function writeWhole(path: string, content: string | Uint8Array, durable = true): Promise<void> {
  const beside = `${path}.new`;
  step(`write ${beside}`);
  await writeFile(beside, content, { mode: 0o600, flush: durable });
  step(`rename ${beside}`);
  await rename(beside, path);
  if (durable) {
    await syncPath(dirname(path));
  }
}

export async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (thrown) {
    if (thrown instanceof SyntaxError || (thrown as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw thrown;
  }
}

export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** What a tree of so many entries takes beside its data, and what is left free for everybody else. */
const PER_ENTRY = 512;
const SPARE = 1 << 20;

/** @throws VeilError `output_unwritable` before anything is written that would not fit */
export async function requireSpace(path: string, bytes: number, entries: number, undone: string): Promise<void> {
  const free = await freeBytes(path);
  const needed = bytes + entries * PER_ENTRY + SPARE;
  if (needed > free) {
    throw new VeilError(
      'output_unwritable',
      `${size(needed)} are needed and ${size(free)} are free in ${path}. ${undone}`,
      'Free some space, or remove old snapshots by veilbook workspace retain.'
    );
  }
}
