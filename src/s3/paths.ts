import { lstat, mkdir, opendir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { VeilError } from '../protocol';

/** Ending of a file that is still being copied. It is never sent to a bucket. */
export const PARTIAL = '.veilbook-part';

/** Bytes that one name may have on Linux, less what a partial file's name adds. */
const LONGEST = 255 - PARTIAL.length - 10;

export interface LocalFile {
  path: string;
  key: string;
  bytes: number;
}

/**
 * The place of an object under a folder.
 * @param key without the prefix that was asked for
 * @throws VeilError `bad_request` for a key that is no path below it
 */
export function pathOf(folder: string, key: string): string {
  const names = key.split('/');
  const bad = names.find(name => name === '' || name === '.' || name === '..' || name.includes('\0'));
  if (bad !== undefined) {
    throw new VeilError(
      'bad_request',
      `The key ${JSON.stringify(key)} is no path of a file.`,
      'Copy it alone, under a name of your own.'
    );
  }
  if (names.some(name => Buffer.byteLength(name) > LONGEST)) {
    throw new VeilError(
      'bad_request',
      `A name in the key ${JSON.stringify(key.slice(0, 80))}… is too long for a file.`,
      'Copy it alone, under a name of your own.'
    );
  }
  return join(folder, ...names);
}

/**
 * Make the folders between `root` and a path below it. A link among them is not followed: it may lead out of `root`.
 * @throws VeilError `conflict`
 */
export async function makeParents(root: string, path: string): Promise<void> {
  await mkdir(root, { recursive: true });
  let folder = root;
  for (const name of relative(root, dirname(path)).split(sep).filter(Boolean)) {
    folder = join(folder, name);
    await mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') {
        throw error;
      }
      if (!(await lstat(folder)).isDirectory()) {
        throw new VeilError(
          'conflict',
          `${folder} is no folder, and an object lies below that name.`,
          'Move it away, or copy to another folder.'
        );
      }
    });
  }
}

/**
 * Regular files below a folder, hidden ones too, with their keys; links and what is neither file nor folder are told to
 * `skipped`.
 * @param prefix put before each key
 */
export async function* filesBelow(root: string, prefix: string, skipped: (path: string) => void): AsyncGenerator<LocalFile> {
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        folders.push(path);
      } else if (!entry.isFile()) {
        skipped(path);
      } else if (!entry.name.endsWith(PARTIAL)) {
        yield { path, key: prefix + relative(root, path).split(sep).join('/'), bytes: (await lstat(path)).size };
      }
    }
  }
}
