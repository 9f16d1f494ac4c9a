import type { FastifyInstance } from 'fastify';
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

export interface SharedFrame {
  file: FileHandle;
  /** Bytes. */
  size: number;
}

/**
 * Open the frame that a request names as soon as its head has come, while the client still writes it, and close it with
 * the answer (which does nothing to a file that moved to a compute worker: that closes it).
 */
export function acceptSharedFrames(app: FastifyInstance): void {
  app.decorateRequest('sharedFrame');
  app.addHook('onRequest', async (request, reply) => {
    const path = request.headers[SHARED_FRAME_HEADER];
    if (typeof path === 'string') {
      const opening = openSharedFrame(path);
      request.sharedFrame = opening;
      const close = () => opening.then(({ file }) => file.close()).catch(() => undefined); // refused: nothing is open
      reply.raw.once('close', close);
    }
  });
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Rejects with a VeilError `not_found` when it is none that may be read. */
    sharedFrame?: Promise<SharedFrame>;
  }
}

/**
 * Open the memfd of a client on this machine, named by its path `/proc/<pid>/fd/<n>`. Once open it stays readable
 * whatever becomes of the client; the caller closes it.
 * @throws VeilError `not_found` when it cannot be opened, is not ours, or is no memfd for frames.
 */
export async function openSharedFrame(path: string): Promise<SharedFrame> {
  if (!/^\/proc\/[0-9]+\/fd\/[0-9]+$/.test(path)) {
    throw refuseShared('is not named as /proc/<pid>/fd/<n>');
  }
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY).catch(error => {
    throw refuseShared(`cannot be opened (${(error as NodeJS.ErrnoException).code})`);
  });
  try {
    return { file, size: checkedSize(file.fd) };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/** What was opened is checked, not what the path names: the path may change its meaning meanwhile. */
function checkedSize(fd: number): number {
  if (readlinkSync(`/proc/self/fd/${fd}`) !== `/memfd:${MEMFD_NAME} (deleted)`) {
    throw refuseShared('is another kind of file');
  }
  const { uid, size } = fstatSync(fd);
  if (uid !== process.geteuid?.()) {
    throw refuseShared('belongs to another user');
  }
  return size;
}

/** `not_found`: the client sends the frame as the body then. */
export function refuseShared(why: string): VeilError {
  return new VeilError('not_found', `The frame in shared memory ${why}. Nothing was run.`, 'Send it as the body.');
}
