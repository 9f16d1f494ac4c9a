import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { VeilError } from '../../protocol';

/** Files of one model by their path inside its folder, as `config.pbtxt`, `1/model.onnx`. */
export type ModelFiles = ReadonlyMap<string, Uint8Array | string>;

export interface Written {
  /** Models that took the place of others. */
  replaced: string[];
  /** What the repository holds besides, and keeps. */
  kept: string[];
}

/**
 * Write models into a repository. All files are written beside it first and put into place by renaming folders: a
 * repository is never there in part, and a failure leaves what was there as it was. Beside, not inside: Triton takes
 * every folder inside for a model and does not start when one lacks its configuration.
 * @param repository made where it is not there; the folder that it lies in must be there
 * @param models by name
 * @throws VeilError `output_unwritable`: a model is there already and `force` is not set, or something cannot be written
 */
export async function writeRepository(
  repository: string,
  models: ReadonlyMap<string, ModelFiles>,
  force: boolean
): Promise<Written> {
  const isThere = existsSync(repository);
  const path = isThere ? await realpath(repository) : resolve(repository);
  const present = isThere ? await entriesOf(path) : [];
  const replaced = [...models.keys()].filter(name => present.includes(name));
  if (replaced.length > 0 && !force) {
    const taken = `${join(repository, replaced[0])} is there already. Nothing was written.`;
    throw new VeilError('output_unwritable', taken, 'Choose another folder by --out, or add --force to replace it.');
  }
  if (isThere && (await stat(path)).dev !== (await stat(dirname(path))).dev) {
    const what = `${repository} is a file system of its own: models cannot be put into it all at once. Nothing was written.`;
    throw new VeilError('output_unwritable', what, 'Name a folder inside it by --out.');
  }
  await besideIt(path, async beside => {
    const fresh = join(beside, 'new');
    await writeModels(fresh, models);
    await (isThere ? exchange([...models.keys()], path, fresh, join(beside, 'old')) : rename(fresh, path));
  });
  return { replaced, kept: present.filter(name => !models.has(name)) };
}

async function entriesOf(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (thrown) {
    throw unwritable(path, thrown);
  }
}

/** Run with a folder beside the repository that is gone afterwards. */
async function besideIt(path: string, act: (beside: string) => Promise<void>): Promise<void> {
  const beside = await mkdtemp(join(dirname(path), `.${basename(path)}.veilbook-`)).catch(thrown => {
    throw unwritable(dirname(path), thrown);
  });
  try {
    await act(beside);
  } catch (thrown) {
    throw thrown instanceof VeilError ? thrown : unwritable(path, thrown);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function writeModels(into: string, models: ReadonlyMap<string, ModelFiles>): Promise<void> {
  for (const [name, files] of models) {
    for (const [file, content] of files) {
      const at = join(into, name, file);
      await mkdir(dirname(at), { recursive: true });
      await writeFile(at, content);
    }
  }
}

/** Put each model in its place, and what was there aside; all or, where one cannot be, none. */
async function exchange(names: readonly string[], path: string, fresh: string, aside: string): Promise<void> {
  await mkdir(aside);
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const name of names) {
      if (existsSync(join(path, name))) {
        await rename(join(path, name), join(aside, name));
        undo.unshift(() => rename(join(aside, name), join(path, name)));
      }
      await rename(join(fresh, name), join(path, name));
      undo.unshift(() => rename(join(path, name), join(fresh, name)));
    }
  } catch (thrown) {
    for (const step of undo) {
      await step();
    }
    throw thrown;
  }
}

function unwritable(path: string, thrown: unknown): VeilError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return new VeilError(
    'output_unwritable',
    `${path} cannot be written (${code ?? message}). The repository is as it was.`,
    'Choose a folder with space and permission by --out.'
  );
}
