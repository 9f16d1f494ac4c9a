import { rename, unlink, writeFile } from 'node:fs/promises';
import { VeilError } from '../protocol';

const FULL = ['ENOSPC', 'EDQUOT'];

/**
 * Write a file that a stopped job goes on from: whole under its name, or not at all.
 * @throws VeilError `output_unwritable`
 */
export async function writeKept(path: string, bytes: Uint8Array | string): Promise<void> {
  const part = `${path}.part`;
  try {
    await writeFile(part, bytes);
    await rename(part, path);
  } catch (thrown) {
    // What could not be finished takes no room from what can.
    await unlink(part).catch(() => undefined);
    throw notKept(path, thrown);
  }
}

/** @param place what was to be written or made */
export function notKept(place: string, thrown: unknown): VeilError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  const again = 'run the same command again: it goes on where this one ended.';
  return FULL.includes(code ?? '')
    ? new VeilError(
        'output_unwritable',
        `The disk is full: ${place} cannot be written (${code}). What was finished before is kept.`,
        `Free some space and ${again}`
      )
    : new VeilError(
        'output_unwritable',
        `${place} cannot be written (${code ?? message}). What was finished before is kept.`,
        `Allow it and ${again}`
      );
}
