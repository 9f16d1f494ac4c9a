import { constants, fstatSync, readlinkSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { VeilError } from '../protocol';

/**
 * Request header that names a frame in shared memory. The body is then one byte, which the client sends when the frame
 * is there: it writes the frame while the request's head is read.
 */
export const SHARED_FRAME_HEADER = 'veilbook-frame';

/** Name a client gives its memfd; a descriptor of any other file is not read. */
export const MEMFD_NAME = 'veilbook-frame';

/**
 * Open the memfd of a client on this machine, named by its path `/proc/<pid>/fd/<n>`. Once open it stays readable
 * whatever becomes of the client; the caller closes it.
 * @throws VeilError `not_found` when it cannot be opened, is not ours, is no memfd for frames, or has less than `length` bytes.
 */
export async function openSharedFrame(path: string, length: number): Promise<FileHandle> {
  if (!/^\/proc\/[0-9]+\/fd\/[0-9]+$/.test(path)) {
    throw refuse('is not named as /proc/<pid>/fd/<n>');
  }
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY).catch(error => {
    throw refuse(`cannot be opened (${(error as NodeJS.ErrnoException).code})`);
  });
  try {
    check(file.fd, length);
    return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/** What was opened is checked, not what the path names: the path may change its meaning meanwhile. */
function check(fd: number, length: number): void {
  if (readlinkSync(`/proc/self/fd/${fd}`) !== `/memfd:${MEMFD_NAME} (deleted)`) {
    throw refuse('is another kind of file');
  }
  const { uid, size } = fstatSync(fd);
  if (uid !== process.geteuid?.()) {
    throw refuse('belongs to another user');
  }
  if (size < length) {
    throw refuse(`is shorter than ${length} bytes`);
  }
}

function refuse(why: string): VeilError {
  return new VeilError('not_found', `The frame in shared memory ${why}. Nothing was run.`, 'Send it as the body.');
}
