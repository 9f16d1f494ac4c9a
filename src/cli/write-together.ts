import { rename, unlink, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { VeilError } from '../protocol';
import { exists, makeFolder, unwritable } from './picture-folder';

/**
 * Write files that belong together into a folder, and return their paths. All are written beside their places first,
 * so that a full disk leaves what was there as it was.
 * @param dir made where it is not there
 * @throws VeilError `output_unwritable`: a file is there already and `force` is not set, or the folder cannot be written
 */
export async function writeTogether(dir: string, files: ReadonlyMap<string, Uint8Array>, force: boolean): Promise<string[]> {
  const paths = [...files.keys()].map(name => join(dir, name));
  for (const path of paths) {
    if (!force && (await exists(path))) {
      const taken = `${path} is there already. Nothing was written.`;
      throw new VeilError('output_unwritable', taken, 'Choose another folder by --out, or add --force to replace it.');
    }
  }
  const beside = (path: string) => join(dir, `.${basename(path)}.${process.pid}`);
  try {
    await makeFolder(resolve(dir));
    for (const path of paths) {
      await writeFile(beside(path), files.get(basename(path))!);
    }
    for (const path of paths) {
      await rename(beside(path), path);
    }
  } catch (thrown) {
    await Promise.all(paths.map(path => unlink(beside(path)).catch(() => undefined)));
    throw unwritable(dir, thrown, 'The files were not written.');
  }
  return paths;
}
