import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { notKept, writeKept } from '../learning/kept-file';

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
      await mkdir(folder, { recursive: true }).catch(thrown => {
        throw notKept(folder, thrown);
      });
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
      const bytes = serialize(made);
      await writeKept(join(this.folder, `${key}.bin`), Buffer.concat([digest(bytes), bytes]));
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
