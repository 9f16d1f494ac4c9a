import { createHash } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { VeilError } from '../protocol';
import { EtagHash, etagOfFile, isComposite, isMd5Etag } from './etag';
import { partBytesOf, readObject, type RemoteObject } from './objects';
import { makeParents, PARTIAL } from './paths';

/** What was found out about a copy. `size`: the server names no checksum that can be computed here. */
export type Verified = 'md5' | 'size';

export interface Copied {
  outcome: 'copied' | 'there';
  verified: Verified;
  /** Bytes that crossed the network this time. */
  moved: number;
}

export interface Transfer {
  client: S3Client;
  bucket: string;
  signal?: AbortSignal;
  /** Bytes that have arrived, as they do. */
  moved: (bytes: number) => void;
}

/** A stream that breaks is taken up again so often before it counts as a failure. */
const ATTEMPTS = 5;

/**
 * Copy an object to a file below `root`. The bytes are written beside it, checked, and renamed into place: whatever stops this,
 * there is the old file or the new one. What was written goes on from where it ends the next time.
 * @throws what the client or the file system throws; VeilError `server_mismatch` for bytes that arrive damaged twice
 */
export async function download(transfer: Transfer, object: RemoteObject, root: string, path: string): Promise<Copied> {
  const { client, bucket, signal } = transfer;
  const partBytes = await partBytesOf(client, bucket, object, signal);
  const comparable = isMd5Etag(object.etag) && (partBytes !== null || !isComposite(object.etag));
  const verified: Verified = comparable ? 'md5' : 'size';
  const present = await stat(path).catch(() => null);
  if (present?.isDirectory()) {
    throw new VeilError(
      'conflict',
      `${path} is a folder, and an object has that name.`,
      'Copy it alone, under a name of your own.'
    );
  }
  if (comparable && present?.size === object.bytes && (await etagOfFile(path, partBytes, signal)) === object.etag) {
    return { outcome: 'there', verified, moved: 0 };
  }
  await makeParents(root, path);
  const partial = partialOf(path, object);
  let moved = 0;
  for (let attempt = 1; ; attempt++) {
    const arrived = await fetchInto(partial, object, transfer, partBytes);
    moved += arrived.moved;
    if (!comparable || arrived.etag === object.etag) {
      break;
    }
    await rm(partial, { force: true });
    if (attempt === 2) {
      throw new VeilError(
        'server_mismatch',
        `${object.key} arrived damaged twice: its MD5 is not the server's.`,
        'Look for what changes data on the way.'
      );
    }
  }
  await rename(partial, path);
  await syncFolder(dirname(path));
  return { outcome: 'copied', verified, moved };
}

/** Named for the object's version, so that bytes of two versions never meet. */
function partialOf(path: string, { key, etag }: RemoteObject): string {
  const version = createHash('sha256').update(`${key}\0${etag}`).digest('hex').slice(0, 8);
  return join(dirname(path), `.${basename(path)}.${version}${PARTIAL}`);
}

/** Bring the partial file to the object's size, on disk, from what it has. */
async function fetchInto(
  partial: string,
  object: RemoteObject,
  { client, bucket, signal, moved }: Transfer,
  partBytes: number | null
): Promise<{ etag: string; moved: number }> {
  const file = await open(partial, 'a+', 0o666);
  try {
    let at = (await file.stat()).size;
    if (at > object.bytes) {
      await file.truncate(0);
      at = 0;
    }
    const etag = new EtagHash(partBytes);
    if (at > 0) {
      for await (const chunk of file.createReadStream({ start: 0, end: at - 1, autoClose: false, highWaterMark: 1 << 20 })) {
        etag.update(chunk as Buffer);
      }
    }
    const began = at;
    for (let attempt = 1; at < object.bytes;) {
      const before = at;
      try {
        for await (const chunk of await readObject(client, bucket, object, at, signal)) {
          await file.appendFile(chunk);
          etag.update(chunk);
          at += chunk.length;
          moved(chunk.length);
        }
        if (at < object.bytes) {
          throw new VeilError(
            'server_unavailable',
            `${object.key} ended after ${at} of ${object.bytes} bytes.`,
            'Run it again: it goes on there.'
          );
        }
      } catch (error) {
        attempt = at > before ? 1 : attempt + 1;
        if (attempt > ATTEMPTS || signal?.aborted || !isBroken(error)) {
          throw error;
        }
      }
    }
    if (at > object.bytes) {
      throw new VeilError(
        'server_mismatch',
        `${object.key} has more bytes than its server said.`,
        'Check that it is an S3 server.'
      );
    }
    await file.datasync();
    return { etag: etag.digest(), moved: at - began };
  } finally {
    await file.close();
  }
}

/** Whether another attempt may do better: the connection broke, or the body ended early. */
function isBroken(error: unknown): boolean {
  if (error instanceof VeilError) {
    return error.code === 'server_unavailable';
  }
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ETIMEDOUT' || code === 'EPIPE';
}

/** The name, too, has to survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
