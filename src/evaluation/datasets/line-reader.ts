import { createReadStream } from 'node:fs';
import { fileSize, unreadable } from './failures';

/** Bytes of a line, beyond which nobody wrote it by hand or program: the rest of it is skipped, not held. */
const LONGEST = 64 * 1024;

export interface Line {
  /** From 1. */
  number: number;
  /** Without the line's end and the white space around it; empty for one that is too long. */
  text: string;
  tooLong: boolean;
}

/** The lines of a UTF-8 file, one after another, in constant memory whatever is in the file. */
export class LineReader {
  private readonly lines: AsyncGenerator<Line>;
  private ahead: Line | null | undefined;
  private last = 0;

  constructor(path: string) {
    this.lines = readLines(path);
  }

  /**
   * The next line, which stays the next; null at the end of the file.
   * @throws VeilError `not_found` when the file cannot be read
   */
  async peek(): Promise<Line | null> {
    if (this.ahead === undefined) {
      const { value, done } = await this.lines.next();
      this.ahead = done ? null : value;
    }
    return this.ahead;
  }

  async next(): Promise<Line | null> {
    const line = await this.peek();
    if (line) {
      this.ahead = undefined;
      this.last = line.number;
    }
    return line;
  }

  /** The number of the next line; at the end of the file of the one that is missing. */
  get nextNumber(): number {
    return this.last + 1;
  }

  async close(): Promise<void> {
    await this.lines.return(undefined);
  }
}

async function* readLines(path: string): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let bytes = 0;
  const line = (): Line => {
    const tooLong = bytes > LONGEST;
    const text = tooLong ? '' : Buffer.concat(parts).toString('utf8').trim();
    [parts, bytes] = [[], 0];
    return { number: ++number, text, tooLong };
  };
  await fileSize(path).catch(thrown => {
    throw unreadable(path, thrown);
  });
  const stream = createReadStream(path);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length;) {
        const end = chunk.indexOf(0x0a, at);
        const part = chunk.subarray(at, end < 0 ? chunk.length : end);
        bytes += part.length;
        if (bytes > LONGEST) {
          parts = [];
        } else {
          parts.push(part);
        }
        at += part.length + 1;
        if (end >= 0) {
          yield line();
        }
      }
    }
  } catch (thrown) {
    throw unreadable(path, thrown);
  } finally {
    stream.destroy();
  }
  if (bytes > 0) {
    yield line();
  }
}
