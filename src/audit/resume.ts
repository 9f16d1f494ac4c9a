import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { VeilError } from '../protocol';

const FOLDER = '.audit';
const DIGEST_BYTES = 32;

/**
 * Finished parts of audits, each under a hash of everything it depends on: an audit that was stopped goes on, and one that
 * asks for more keeps what it has. Without a folder they are kept in memory.
 */
export class Finished {
  private readonly memory = new Map<string, unknown>();

  private constructor(
    private readonly folder: string | null,
    private readonly question: string
  ) {}

  /**
   * @param out folder of the audit, made where it is not there; null for none
   * @param question everything that all parts depend on
   * @throws VeilError `output_unwritable`
   */
  static async open(out: string | null, question: unknown): Promise<Finished> {
    const folder = out === null ? null : join(out, FOLDER);
    if (folder !== null) {
      await writable(folder, () => mkdir(folder, { recursive: true }));
    }
    return new Finished(folder, JSON.stringify(question));
  }

  /** A store of its own that begins empty and is kept in memory. */
  static none(): Finished {
    return new Finished(null, '');
  }

  /** A part's result (plain data and typed arrays): as it was left, or made now and kept. */
  async keep<T>(part: unknown, make: () => Promise<T>): Promise<T> {
    const key = this.keyOf(part);
    const left = this.memory.has(key) ? (this.memory.get(key) as T) : await this.read<T>(key);
    if (left !== undefined) {
      return left;
    }
    const made = await make();
    if (this.folder === null) {
      this.memory.set(key, made);
    } else {
      const [bytes, path] = [serialize(made), join(this.folder, `${key}.bin`)];
      await writable(this.folder, async () => {
        await writeFile(`${path}.part`, Buffer.concat([digest(bytes), bytes]));
        await rename(`${path}.part`, path);
      });
    }
    return made;
  }

  async has(part: unknown): Promise<boolean> {
    const key = this.keyOf(part);
    return this.memory.has(key) || (await this.read(key)) !== undefined;
  }

  private keyOf(part: unknown): string {
    return createHash('sha256').update(this.question).update('\n').update(JSON.stringify(part)).digest('hex').slice(0, 32);
  }

  /** Undefined for a file that is not there or not whole: the part is then done again. */
  private async read<T>(key: string): Promise<T | undefined> {
    const file = this.folder && (await readFile(join(this.folder, `${key}.bin`)).catch(() => null));
    if (!file || file.length <= DIGEST_BYTES) {
      return undefined;
    }
    const bytes = file.subarray(DIGEST_BYTES);
    return digest(bytes).equals(file.subarray(0, DIGEST_BYTES)) ? (deserialize(bytes) as T) : undefined;
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

async function writable(place: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new VeilError(
      'output_unwritable',
      `${place} cannot be written (${(error as Error).message}). What was finished before is kept.`,
      'Free space or give another --out, then run the same command again.'
    );
  }
}
