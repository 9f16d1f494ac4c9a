import { stat } from 'node:fs/promises';
import { VeilError } from '../../protocol';
import { type BadRecord } from './types';

export function unreadable(path: string, thrown: unknown): VeilError {
  if (thrown instanceof VeilError) {
    return thrown;
  }
  const { code, message } = thrown as NodeJS.ErrnoException;
  return new VeilError('not_found', `${path} cannot be read (${code ?? message}).`, 'Check the path.');
}

/**
 * What is no file (a pipe, a device) might never end.
 * @returns its size, bytes
 */
export async function fileSize(path: string): Promise<number> {
  const entry = await stat(path);
  if (!entry.isFile()) {
    throw new Error('not a file');
  }
  return entry.size;
}

export function malformed({ place, message }: BadRecord): VeilError {
  return new VeilError('bad_request', `${place}: ${message}.`, 'Correct the data set.');
}

/** What a file says, for a message: short, on one line, without characters that a terminal obeys. */
export function quote(text: string): string {
  const visible = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u00b7');
  return `"${visible.length > 60 ? `${visible.slice(0, 60)}…` : visible}"`;
}
