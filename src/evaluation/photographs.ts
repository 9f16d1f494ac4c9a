import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { VeilError } from '../protocol';

const EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp']);

/**
 * The JPEG, PNG and WebP files (by their names' endings) in a folder and its folders, sorted by path, character by
 * character. Links are followed, each folder once. Of files with the same content the first counts. Files and folders
 * whose names begin with a dot are left aside: they are editors' and systems' copies.
 * @returns paths that begin with `folder`
 * @throws VeilError `not_found` when the folder, or such a file in it, is not there or cannot be read
 */
export async function findPhotographs(folder: string): Promise<string[]> {
  const found = await search(folder, new Set());
  if (found.length === 0) {
    throw new VeilError(
      'not_found',
      `${folder} has no JPEG, PNG or WebP file in it. Nothing was run.`,
      'Name a folder of photographs.'
    );
  }
  return withoutCopies(found.sort((a, b) => (a < b ? -1 : 1)));
}

/** SHA-256 of a file's bytes, hex. */
export async function contentHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash).catch(thrown => {
    throw unreadable(path, thrown);
  });
  return hash.digest('hex');
}

async function search(folder: string, seen: Set<string>): Promise<string[]> {
  const found: string[] = [];
  const real = await realpath(folder).catch(thrown => {
    throw unreadable(folder, thrown);
  });
  if (seen.has(real)) {
    return found;
  }
  seen.add(real);
  const names = await readdir(folder).catch(thrown => {
    throw unreadable(folder, thrown);
  });
  // In order, so that of two ways to a folder always the same one is taken.
  for (const name of names.filter(name => !name.startsWith('.')).sort()) {
    const path = join(folder, name);
    const entry = await stat(path).catch(() => null);
    if (entry?.isDirectory()) {
      found.push(...(await search(path, seen)));
    } else if (entry?.isFile() && EXTENSIONS.has(extname(name).toLowerCase())) {
      found.push(path);
    }
  }
  return found;
}

/** Only files of the same size are read: others differ. */
async function withoutCopies(paths: readonly string[]): Promise<string[]> {
  const sizes = await Promise.all(paths.map(async path => (await stat(path)).size));
  const occurrences = new Map<number, number>();
  sizes.forEach(size => occurrences.set(size, (occurrences.get(size) ?? 0) + 1));
  const seen = new Set<string>();
  const kept: string[] = [];
  for (const [i, path] of paths.entries()) {
    const hash = occurrences.get(sizes[i]) === 1 ? null : await contentHash(path);
    if (hash === null || !seen.has(hash)) {
      kept.push(path);
    }
    if (hash !== null) {
      seen.add(hash);
    }
  }
  return kept;
}

function unreadable(path: string, thrown: unknown): VeilError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return new VeilError(
    'not_found',
    `${path} cannot be read (${code ?? message}). Nothing was run.`,
    'Check path and permissions.'
  );
}
