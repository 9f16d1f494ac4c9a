import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { VeilError } from '../protocol';

/** Name a client gives its memfd; a descriptor of any other file is not read. */
export const MEMFD_NAME = 'veilbook-frame';

const GRAIN = 1 << 20;
const KEPT = 4;
const KEPT_BYTES = 32 * GRAIN;

/**
 * Memory for frames, shared with the compute workers and used again: touching fresh pages costs more than
 * copying a frame. Only a frame whose run has ended well comes back; a cancelled one may still be read by its worker.
 */
export class FrameMemory {
  private readonly free: SharedArrayBuffer[] = [];

  /** Not cleared: the caller overwrites every byte. */
  acquire(length: number): Uint8Array {
    const at = this.free.findIndex(buffer => buffer.byteLength >= length && buffer.byteLength < 2 * length + GRAIN);
    const buffer = at < 0 ? new SharedArrayBuffer(Math.ceil(length / GRAIN) * GRAIN) : this.free.splice(at, 1)[0];
    return new Uint8Array(buffer, 0, length);
  }

  release({ buffer }: Uint8Array): void {
    if (buffer instanceof SharedArrayBuffer && buffer.byteLength <= KEPT_BYTES && !this.free.includes(buffer)) {
      this.free.unshift(buffer);
      this.free.length = Math.min(this.free.length, KEPT);
    }
  }
}

/**
 * Copy a frame out of the memfd of a client on this machine, named by its path `/proc/<pid>/fd/<n>`.
 * @throws VeilError `not_found` when it cannot be opened, is not ours, is no memfd for frames, or is too short.
 */
export function readSharedFrame(path: string, into: Uint8Array): void {
  const refuse = (why: string) =>
    new VeilError('not_found', `The frame in shared memory ${why}. Nothing was run.`, 'Send it as the body.');
  if (!/^\/proc\/[0-9]+\/fd\/[0-9]+$/.test(path)) {
    throw refuse('is not named as /proc/<pid>/fd/<n>');
  }
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw refuse(`cannot be opened (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    // What was opened is checked, not what the path names: the path may change its meaning meanwhile.
    if (readlinkSync(`/proc/self/fd/${fd}`) !== `/memfd:${MEMFD_NAME} (deleted)`) {
      throw refuse('is another kind of file');
    }
    const { uid, size } = fstatSync(fd);
    if (uid !== process.geteuid?.()) {
      throw refuse('belongs to another user');
    }
    if (size < into.length || readSync(fd, into, 0, into.length, 0) !== into.length) {
      throw refuse(`is shorter than ${into.length} bytes`);
    }
  } finally {
    closeSync(fd);
  }
}
