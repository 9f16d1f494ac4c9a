import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  type ListPartsCommandOutput,
  PutObjectCommand,
  UploadPartCommand
} from '@aws-sdk/client-s3';
import { VeilError } from '../protocol';
import { several } from './several';
import { bareEtag, compositeEtag, etagOfFile, isMd5Etag } from './etag';
import type { Copied, Transfer, Verified } from './download';
import { partBytesOf, type RemoteObject } from './objects';
import type { LocalFile } from './paths';

const MiB = 1 << 20;
/** Larger files go in parts. */
export const WHOLE = 16 * MiB;
/** Most parts of an object that S3 allows. */
const MOST_PARTS = 10_000;
/** Parts under way at once: each lies in memory. */
const PARTS_UNDER_WAY = 4;

/** Bytes of a part of a file of this size: 16 MiB, or what makes 10,000 parts. */
export const partSizeFor = (bytes: number): number => Math.max(WHOLE, MiB * Math.ceil(bytes / MOST_PARTS / MiB));

/**
 * Copy a file to an object. The server checks each piece against its MD5 before it takes it, and the ETag that it gives the object
 * is compared with the file's. Parts of an upload that was stopped, and that are equal to this file's, are not sent again.
 * @param present the object of that key, if there is one
 * @throws what the client or the file system throws; VeilError `conflict` for a file that changes meanwhile
 */
export async function upload(transfer: Transfer, file: LocalFile, present: RemoteObject | null): Promise<Copied> {
  const { client, bucket, signal } = transfer;
  if (present && present.bytes === file.bytes && isMd5Etag(present.etag)) {
    const partBytes = await partBytesOf(client, bucket, present, signal);
    if ((await etagOfFile(file.path, partBytes, signal)) === present.etag) {
      return { outcome: 'there', verified: 'md5', moved: 0 };
    }
  }
  const handle = await open(file.path, 'r');
  try {
    const before = await handle.stat({ bigint: true });
    const unchanged = async () => {
      const { size, mtimeNs } = await handle.stat({ bigint: true });
      if (size !== before.size || mtimeNs !== before.mtimeNs || size !== BigInt(file.bytes)) {
        throw new VeilError('conflict', `${file.path} changed while it was read.`, 'Run it again when nobody writes to it.');
      }
    };
    await unchanged();
    const done = await (file.bytes > WHOLE
      ? inParts(transfer, file, handle, unchanged)
      : whole(transfer, file, handle, unchanged));
    return { outcome: 'copied', ...done };
  } finally {
    await handle.close();
  }
}

interface Sent {
  verified: Verified;
  moved: number;
}

async function whole(
  { client, bucket, signal, moved }: Transfer,
  { key, bytes }: LocalFile,
  handle: FileHandle,
  unchanged: () => Promise<void>
): Promise<Sent> {
  const body = await piece(handle, 0, bytes);
  await unchanged();
  const md5 = createHash('md5').update(body).digest();
  const { ETag } = await client.send(
    new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: bytes, ContentMD5: md5.toString('base64') }),
    { abortSignal: signal }
  );
  moved(bytes);
  return { verified: compare(key, bareEtag(ETag), md5.toString('hex')), moved: bytes };
}

async function inParts(transfer: Transfer, file: LocalFile, handle: FileHandle, unchanged: () => Promise<void>): Promise<Sent> {
  const { client, bucket, signal, moved } = transfer;
  const { key, bytes } = file;
  const partBytes = partSizeFor(bytes);
  const begun = await begunUpload(transfer, file, partBytes);
  const uploadId =
    begun?.id ??
    (await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }), { abortSignal: signal })).UploadId;
  const numbers = Array.from({ length: Math.ceil(bytes / partBytes) }, (_, i) => i + 1);
  const md5s = new Map<number, Buffer>();
  const etags = new Map<number, string>();
  let sent = 0;
  await several(numbers, PARTS_UNDER_WAY, async number => {
    signal?.throwIfAborted();
    const from = (number - 1) * partBytes;
    const body = await piece(handle, from, Math.min(partBytes, bytes - from));
    const md5 = createHash('md5').update(body).digest();
    md5s.set(number, md5);
    const there = begun?.parts.get(number);
    if (there === md5.toString('hex')) {
      etags.set(number, there);
    } else {
      const { ETag } = await client.send(
        new UploadPartCommand({
          Bucket: bucket,
          Key: key,
          UploadId: uploadId,
          PartNumber: number,
          Body: body,
          ContentLength: body.length,
          ContentMD5: md5.toString('base64')
        }),
        { abortSignal: signal }
      );
      etags.set(number, bareEtag(ETag));
      sent += body.length;
    }
    moved(body.length);
  });
  await unchanged();
  const { ETag } = await client.send(
    new CompleteMultipartUploadCommand({
      Bucket: bucket,
      Key: key,
      UploadId: uploadId,
      MultipartUpload: { Parts: numbers.map(number => ({ PartNumber: number, ETag: `"${etags.get(number)}"` })) }
    }),
    { abortSignal: signal }
  );
  return { verified: compare(key, bareEtag(ETag), compositeEtag(numbers.map(number => md5s.get(number)!))), moved: sent };
}

/** The newest upload of this key that was begun in parts of this size, and the MD5 of each part that the server has. */
async function begunUpload(
  { client, bucket, signal }: Transfer,
  { key, bytes }: LocalFile,
  partBytes: number
): Promise<{ id: string; parts: Map<number, string> } | null> {
  const begun: { id: string; at: number }[] = [];
  let page: ListMultipartUploadsCommandOutput | undefined;
  do {
    const from = { KeyMarker: page?.NextKeyMarker, UploadIdMarker: page?.NextUploadIdMarker };
    page = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key, ...from }), { abortSignal: signal });
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === key && UploadId !== undefined) {
        begun.push({ id: UploadId, at: Initiated?.getTime() ?? 0 });
      }
    }
  } while (page.IsTruncated);
  begun.sort((a, b) => b.at - a.at);
  for (const { id } of begun) {
    const parts = await partsOf({ client, bucket, signal }, key, id);
    if (parts.every(({ number, size }) => size === Math.min(partBytes, bytes - (number - 1) * partBytes))) {
      return { id, parts: new Map(parts.map(({ number, etag }) => [number, etag])) };
    }
  }
  return null;
}

/** Not by the client's own pages: it goes on as long as a server names a next one, and some do for ever. */
async function partsOf(
  { client, bucket, signal }: Pick<Transfer, 'client' | 'bucket' | 'signal'>,
  key: string,
  id: string
): Promise<{ number: number; size: number; etag: string }[]> {
  const parts = [];
  let page: ListPartsCommandOutput | undefined;
  do {
    page = await client.send(
      new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: id, PartNumberMarker: page?.NextPartNumberMarker }),
      { abortSignal: signal }
    );
    for (const { PartNumber: number = 0, Size: size = 0, ETag } of page.Parts ?? []) {
      parts.push({ number, size, etag: bareEtag(ETag) });
    }
  } while (page.IsTruncated);
  return parts;
}

/**
 * @throws VeilError `server_mismatch` where the server holds something else than was sent
 */
function compare(key: string, etag: string, expected: string): Verified {
  if (!isMd5Etag(etag)) {
    return 'size';
  }
  if (etag !== expected) {
    throw new VeilError(
      'server_mismatch',
      `The server has other bytes of ${key} than were sent: its ETag is not their MD5.`,
      'Look for what changes data on the way.'
    );
  }
  return 'md5';
}

async function piece(handle: FileHandle, from: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let at = 0; at < bytes;) {
    const { bytesRead } = await handle.read(buffer, at, bytes - at, from + at);
    if (bytesRead === 0) {
      throw new VeilError('conflict', 'A file became shorter while it was read.', 'Run it again when nobody writes to it.');
    }
    at += bytesRead;
  }
  return buffer;
}
