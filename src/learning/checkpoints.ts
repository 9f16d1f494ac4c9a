import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { VeilError } from '../protocol';

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
      await writable(out, async () => {
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, QUESTION), text);
      });
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
    await writable(this.folder, async () => {
      await writeFile(`${path}.part`, Buffer.concat([digest(bytes), bytes]));
      await rename(`${path}.part`, path);
    });
    return made;
  }

  async clear(): Promise<void> {
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

async function writable(place: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new VeilError(
      'output_unwritable',
      `${place} cannot be written (${(error as Error).message}). What was learned before this stage is kept.`,
      'Free space or give another --out, then run the same command again.'
    );
  }
}
