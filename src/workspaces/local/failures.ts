import { VeilError } from '../../protocol';

const FULL = ['ENOSPC', 'EDQUOT'];

/**
 * What the file system says, in one line.
 * @param undone what was left as it was, a sentence
 */
export function fileError(thrown: unknown, undone: string): VeilError {
  if (thrown instanceof VeilError) {
    return thrown;
  }
  const { code, path, message, name } = thrown as NodeJS.ErrnoException;
  if (name === 'AbortError') {
    return new VeilError('cancelled', `Stopped. ${undone}`, '');
  }
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) {
    return VeilError.from(thrown);
  }
  if (FULL.includes(code)) {
    return new VeilError('output_unwritable', `The disk is full (${code}). ${undone}`, 'Free some space and try again.');
  }
  const where = path === undefined || `${path}`.startsWith('/proc/self/fd/') ? '' : `${path}: `;
  return new VeilError('output_unwritable', `${where}${message.replace(/ '\/proc\/self\/fd\/\d+\/?/g, " '")}. ${undone}`, '');
}

export const noSnapshot = (id: string): VeilError =>
  new VeilError('not_found', `This workspace has no snapshot ${id}. Nothing was changed.`, 'See veilbook workspace list.');

/** Bytes for a person: "820 B", "4.2 MB", "13 GB". */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let value = bytes;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${at === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}
