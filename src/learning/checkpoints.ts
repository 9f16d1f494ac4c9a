import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { VeilError } from '../protocol';
import { notKept, writeKept } from './kept-file';

const FOLDER = '.learning';
const QUESTION = 'question.json';

/** Results of the stages of a learning pass, kept beside its artefact until that is written: a pass that was stopped goes on. */
export class Checkpoints {
  private constructor(private readonly folder: string) {}

  /**
   * @param out the artefact's folder
   * @param question everything the results depend on
   * @throws VeilError `bad_request` when the folder holds a pass that was asked something else, `output_unwritable`
   */
  static async open(out: string, question: unknown): Promise<Checkpoints> {
    const folder = join(out, FOLDER);
    const text = JSON.stringify(question);
    const found = await readFile(join(folder, QUESTION), 'utf8').catch(() => null);
    if (found !== null && found !== text) {
      throw new VeilError(
        'bad_request',
        `${out} holds an unfinished learning pass for another model, other images or other options. Nothing was learned.`,
        'Give another --out, or remove that folder.'
      );
    }
    if (found === null) {
      await mkdir(folder, { recursive: true }).catch(thrown => {
        throw notKept(folder, thrown);
      });
      await writeKept(join(folder, QUESTION), text);
    }
    return new Checkpoints(folder);
  }

  /** A stage's result (plain data and typed arrays): as it was left, or made now and kept. */
  async keep<T>(stage: string, make: () => Promise<T>): Promise<T> {
    const path = join(this.folder, `${stage}.bin`);
    const left = await readFile(path).then(read<T>, () => undefined);
    if (left !== undefined) {
      return left;
    }
    const made = await make();
    const bytes = serialize(made);
    await writeKept(path, Buffer.concat([digest(bytes), bytes]));
    return made;
  }

  /**
   * The last stage, whose result lies outside: when it cannot be written, the others are still there to begin it from.
   * @param write fails with `output_unwritable` and leaves nothing half done
   */
  async finish<T>(write: () => Promise<T>): Promise<T> {
    const result = await write().catch(thrown => {
      const { code, message } = VeilError.from(thrown);
      throw code === 'output_unwritable'
        ? new VeilError(code, message, 'All stages are kept: make room, and run the same command again.')
        : thrown;
    });
    await this.clear();
    return result;
  }

  private async clear(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

const DIGEST_BYTES = 32;

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Undefined for a file that is not whole: the stage is then done again. */
function read<T>(file: Buffer): T | undefined {
  const bytes = file.subarray(DIGEST_BYTES);
  return file.length > DIGEST_BYTES && digest(bytes).equals(file.subarray(0, DIGEST_BYTES))
    ? (deserialize(bytes) as T)
    : undefined;
}
