import { createHash } from 'node:crypto';

/** A body as it arrives, in parts that are hashed while the next are on their way and never put together as a whole. */
export class Parts {
  private readonly parts: Buffer[] = [];
  private readonly hash = createHash('sha256');
  length = 0;

  add(part: Buffer): void {
    this.parts.push(part);
    this.length += part.length;
    this.hash.update(part);
  }

  /** The bytes from `begin` to `end`, or to the body's end, in memory of their own: views of any width begin at its first byte. */
  range(begin: number, end: number): Uint8Array {
    // Not cleared first: every byte of it is set below.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(Math.max(0, Math.min(end, this.length) - begin)).buffer);
    let at = 0;
    for (const part of this.parts) {
      const from = Math.max(0, begin - at);
      const to = Math.min(part.length, end - at);
      if (from < to) {
        bytes.set(part.subarray(from, to), at + from - begin);
      }
      at += part.length;
    }
    return bytes;
  }

  text(begin = 0, end = this.length): string {
    return Buffer.from(this.range(begin, end).buffer).toString('utf8');
  }

  /** Hexadecimal, of all that was added; once. */
  sha256(): string {
    return this.hash.digest('hex');
  }
}
