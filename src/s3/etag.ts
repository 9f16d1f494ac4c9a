import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/**
 * What S3 calls the ETag of an object that is not encrypted with a key of the server's own: the MD5 of its bytes, or, of one that
 * was sent in parts, the MD5 of the parts' MD5s, a hyphen and their number. It tells damage, not forgery.
 */
export class EtagHash {
  private part: Hash = createHash('md5');
  private readonly parts: Buffer[] = [];
  private filled = 0;

  /** @param partBytes of every part but the last; null for an object that was sent in one */
  constructor(private readonly partBytes: number | null) {}

  update(bytes: Uint8Array): this {
    for (let at = 0; at < bytes.length;) {
      const room = this.partBytes === null ? Infinity : this.partBytes - this.filled;
      const piece = bytes.subarray(at, Math.min(bytes.length, at + room));
      this.part.update(piece);
      this.filled += piece.length;
      at += piece.length;
      if (this.filled === this.partBytes) {
        this.endPart();
      }
    }
    return this;
  }

  /** Without quotes; once. */
  digest(): string {
    if (this.partBytes === null) {
      return this.part.digest('hex');
    }
    if (this.filled > 0 || this.parts.length === 0) {
      this.endPart();
    }
    return compositeEtag(this.parts);
  }

  private endPart(): void {
    this.parts.push(this.part.digest());
    this.part = createHash('md5');
    this.filled = 0;
  }
}

/** @param parts MD5 of each part, in their order */
export const compositeEtag = (parts: readonly Uint8Array[]): string =>
  `${createHash('md5').update(Buffer.concat(parts)).digest('hex')}-${parts.length}`;

/** The ETag as it stands in an answer, without its quotes. */
export const bareEtag = (etag: string | undefined): string => (etag ?? '').replace(/^"|"$/g, '').toLowerCase();

/** Whether an ETag is one of MD5s. Of objects encrypted with a key of the server's it is not. */
export const isMd5Etag = (etag: string): boolean => /^[0-9a-f]{32}(-\d{1,5})?$/.test(etag);

export const isComposite = (etag: string): boolean => etag.includes('-');

/** ETag that a file's bytes would have. */
export async function etagOfFile(path: string, partBytes: number | null, signal?: AbortSignal): Promise<string> {
  const etag = new EtagHash(partBytes);
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 })) {
    etag.update(chunk as Buffer);
  }
  return etag.digest();
}
