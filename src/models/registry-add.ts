import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { VeilError, type ModelManifest } from '../protocol';
import { loadModel, modelRef, type LoadedModel } from './folder';
import { findModel, isModelName, modelsFolder } from './registry';

/** Where a model goes, checked before anything is written. */
export interface Slot {
  name: string;
  /** The registry's folder; it need not be there yet. */
  folder: string;
  dir: string;
  /** The model that the name finds until then. */
  takes: string | null;
}

/**
 * The place of a new model in the user's models folder.
 * @throws VeilError `bad_request` when the name is none, `output_unwritable` when it is taken and `force` is not set
 */
export async function slotFor(name: string, force: boolean): Promise<Slot> {
  if (!isModelName(name)) {
    throw new VeilError(
      'bad_request',
      `${JSON.stringify(name)} cannot be a model's name. Nothing was added.`,
      'Use up to 64 small letters, digits, dots, hyphens and underscores, a letter or digit first.'
    );
  }
  const found = await findModel(name);
  if (found && !force) {
    throw new VeilError(
      'output_unwritable',
      `There is a model named ${name} in ${found.dir}${found.bundled ? ', it comes with Veilbook' : ''}. Nothing was added.`,
      `Choose another name by --name, or add --force to ${found.bundled ? 'go before it' : 'replace it'}.`
    );
  }
  const folder = resolve(modelsFolder());
  return { name, folder, dir: join(folder, name), takes: found && found.dir };
}

/**
 * Copy the files of a model folder into its place: beside it first, then all at once by a rename, so that a name never
 * finds half of a model. What has no model.json gets one, and the name in it becomes the slot's.
 * @throws VeilError `model_mismatch` when a file changed on the way; what the file system throws, with nothing left behind
 */
export async function addModel(model: LoadedModel, { name, folder, dir }: Slot): Promise<LoadedModel> {
  const [fresh, old] = ['new', 'old'].map(word => join(folder, `.${name}.${process.pid}.${word}`));
  try {
    await copyFiles(model.dir, fresh);
    if (model.manifest.name !== name || !existsSync(join(fresh, 'model.json'))) {
      const text = `${JSON.stringify(describe(model, name), null, 2)}\n`;
      await rm(join(fresh, 'model.json'), { force: true });
      await writeFile(join(fresh, 'model.json'), text);
    }
    requireSame(model, await loadModel(fresh));
    await swap(fresh, dir, old);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
  return loadModel(dir);
}

/** The plain files of a model folder; it has no folders inside. */
async function copyFiles(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to);
  for (const file of await readdir(from)) {
    const path = join(from, file);
    if (!file.startsWith('.') && (await stat(path).catch(() => null))?.isFile()) {
      await copyFile(path, join(to, file));
    }
  }
}

function describe(model: LoadedModel, name: string): ModelManifest {
  const sha256 = model.obfuscation?.sha256;
  // Without a model.json an artefact has this name.
  const undeclared = sha256 === undefined ? undefined : { file: 'obfuscation.json', sha256 };
  return { ...model.manifest, name, obfuscation: model.manifest.obfuscation ?? undeclared };
}

function requireSame(source: LoadedModel, copy: LoadedModel): void {
  const identity = (model: LoadedModel) => {
    const { head_sha256, tail_sha256 } = modelRef(model);
    return [head_sha256, tail_sha256, model.obfuscation?.sha256].join();
  };
  if (identity(source) !== identity(copy)) {
    throw new VeilError('model_mismatch', `${source.dir} changed while it was copied. Nothing was added.`, 'Add it again.');
  }
}

/** Put `fresh` where `dir` is, which goes to `old`; when the first fails the second is undone. */
async function swap(fresh: string, dir: string, old: string): Promise<void> {
  const replaced = await rename(dir, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        return false;
      }
      throw error;
    }
  );
  try {
    await rename(fresh, dir);
  } catch (thrown) {
    if (replaced) {
      await rename(old, dir);
    }
    throw thrown;
  }
}
