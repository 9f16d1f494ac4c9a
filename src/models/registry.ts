import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { VeilError } from '../protocol';

/** What a model may be called, as model.json has it. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export const isModelName = (name: string): boolean => NAME.test(name);

/** A folder of model folders; the name of each is the model's. */
interface Registry {
  folder: string;
  bundled: boolean;
}

/** Where a model lies. */
export interface Place {
  name: string;
  dir: string;
  bundled: boolean;
}

/** Where `veilbook model add` puts models: $VEILBOOK_MODELS, or the user's data directory as the XDG specification has it. */
export function modelsFolder(): string {
  return process.env.VEILBOOK_MODELS || dataFolder();
}

function dataFolder(): string {
  const { XDG_DATA_HOME: data } = process.env;
  // The specification has relative paths ignored.
  return join(data && isAbsolute(data) ? data : join(homedir(), '.local', 'share'), 'veilbook', 'models');
}

/** In the order of looking: $VEILBOOK_MODELS, the data directory, what comes with the package (in the wheel, in the repository). */
function registries(): Registry[] {
  const own = process.env.VEILBOOK_MODELS ? [process.env.VEILBOOK_MODELS] : [];
  const packaged = [join(__dirname, '..', 'models'), join(__dirname, '..', '..', 'models')];
  return [
    ...[...own, dataFolder()].map(folder => ({ folder: resolve(folder), bundled: false })),
    ...packaged.map(folder => ({ folder, bundled: true }))
  ];
}

/** The model of this name, if there is one; nothing in its folder is read. */
export async function findModel(name: string): Promise<Place | null> {
  if (isModelName(name)) {
    for (const { folder, bundled } of registries()) {
      const dir = join(folder, name);
      if (await isDirectory(dir)) {
        return { name, dir, bundled };
      }
    }
  }
  return null;
}

/**
 * Where the model of this name or folder lies; nothing in it is read.
 * @throws VeilError `model_missing`
 */
export async function locate(nameOrDir: string): Promise<{ dir: string; bundled: boolean }> {
  const named = await findModel(nameOrDir);
  if (named) {
    return named;
  }
  const dir = resolve(nameOrDir);
  if (await isDirectory(dir)) {
    return { dir, bundled: false };
  }
  throw new VeilError(
    'model_missing',
    `There is no model named ${nameOrDir} and no folder ${dir}. Nothing was run.`,
    'Give a model folder (head.onnx, tail.onnx, model.json), or leave the model out to use the bundled faceboxes.'
  );
}

/** Every model that a name finds, sound or not, by name; of several that share it, the one that is found. */
export async function listModels(): Promise<Place[]> {
  const found = new Map<string, Place>();
  for (const { folder, bundled } of registries()) {
    for (const name of await readdir(folder).catch(() => [])) {
      const dir = join(folder, name);
      if (isModelName(name) && !found.has(name) && ['model.json', 'head.onnx'].some(file => existsSync(join(dir, file)))) {
        found.set(name, { name, dir, bundled });
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isDirectory(),
    () => false
  );
}
