import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import picomatch from 'picomatch';
import { bareEtag, isComposite } from './etag';

export interface RemoteObject {
  key: string;
  bytes: number;
  /** Without quotes. */
  etag: string;
}

/**
 * Objects of a bucket, a page of a thousand at a time.
 * @param glob of keys without the prefix, as in `**` + `/*.jpg`; all if not said
 */
export async function* listObjects(
  client: S3Client,
  { bucket, prefix, glob }: { bucket: string; prefix: string; glob?: string },
  signal?: AbortSignal
): AsyncGenerator<RemoteObject> {
  const wanted = keyFilter(glob);
  let token: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }), {
      abortSignal: signal
    });
    for (const { Key: key, Size: bytes = 0, ETag } of page.Contents ?? []) {
      if (key !== undefined && wanted(key.slice(prefix.length))) {
        yield { key, bytes, etag: bareEtag(ETag) };
      }
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** Whether a key, without the prefix, is meant. Names that begin with a dot are names like all others. */
export const keyFilter = (glob?: string): ((key: string) => boolean) =>
  glob === undefined ? () => true : picomatch(glob, { dot: true });

/** One object, without its bytes. */
export async function headObject(client: S3Client, bucket: string, key: string, signal?: AbortSignal): Promise<RemoteObject> {
  const { ContentLength: bytes = 0, ETag } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), {
    abortSignal: signal
  });
  return { key, bytes, etag: bareEtag(ETag) };
}

/**
 * Bytes of each part but the last that an object was sent in: what its ETag is made of. Null for one that was sent whole, and
 * where the server does not say.
 */
export async function partBytesOf(
  client: S3Client,
  bucket: string,
  { key, bytes, etag }: RemoteObject,
  signal?: AbortSignal
): Promise<number | null> {
  if (!isComposite(etag)) {
    return null;
  }
  const first = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, PartNumber: 1 }), { abortSignal: signal });
  const [said, parts] = [first.ContentLength ?? 0, Number(etag.split('-')[1])];
  // A server that does not know parts answers with the whole object.
  return said > 0 && Math.ceil(bytes / said) === parts ? said : null;
}

/** The bytes of an object from an offset on, provided that it is still the same. */
export async function readObject(
  client: S3Client,
  bucket: string,
  { key, etag }: RemoteObject,
  from: number,
  signal?: AbortSignal
): Promise<AsyncIterable<Uint8Array>> {
  const { Body } = await client.send(
    new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: `"${etag}"`, ...(from > 0 && { Range: `bytes=${from}-` }) }),
    { abortSignal: signal }
  );
  return Body as unknown as AsyncIterable<Uint8Array>;
}
