import { readFile, stat } from 'node:fs/promises';
import { VeilError } from '../protocol';

const MAX_FILE_BYTES = 512 * 1024 * 1024;

/**
 * The bytes of a coded image. Whether they are an image is for the decoder to say.
 * @throws VeilError `not_found`, `bad_image` (a folder, a device, unreadable), `image_too_large` (over 512 MiB).
 */
export async function readImage(path: string): Promise<Uint8Array> {
  let size: number;
  try {
    const entry = await stat(path);
    if (!entry.isFile()) {
      const what = entry.isDirectory() ? 'a folder' : 'no regular file';
      throw new VeilError('bad_image', `${path} is ${what}. Nothing was run on it.`, 'Name image files.');
    }
    size = entry.size;
    if (size <= MAX_FILE_BYTES) {
      return await readFile(path);
    }
  } catch (thrown) {
    if (thrown instanceof VeilError) {
      throw thrown;
    }
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new VeilError('not_found', `${path} does not exist. Nothing was run on it.`, 'Check the path.');
    }
    throw new VeilError(
      'bad_image',
      `${path} cannot be read (${code ?? message}). Nothing was run on it.`,
      'Check its permissions.'
    );
  }
  const mebibytes = Math.round(size / 1024 / 1024);
  throw new VeilError('image_too_large', `${path} has ${mebibytes} MiB. Nothing was run on it.`, 'Images have at most 512 MiB.');
}
