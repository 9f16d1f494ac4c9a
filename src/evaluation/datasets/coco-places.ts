import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VeilError } from '../../protocol';
import { fileSize } from './failures';
import { photographPath } from './photograph-path';

/**
 * The json of a folder, itself or in `annotations/`; null where there is none.
 * @throws VeilError `bad_request` where there are several
 */
export async function findJson(dir: string): Promise<string | null> {
  for (const folder of [dir, join(dir, 'annotations')]) {
    const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.json')).sort();
    const labels: string[] = [];
    for (const name of names) {
      if (await looksLikeCoco(join(folder, name))) {
        labels.push(name);
      }
    }
    // Beside the boxes of COCO lie key points and captions of the same images.
    const instances = labels.filter(name => name.startsWith('instances_'));
    const [one, ...others] = instances.length > 0 ? instances : labels;
    if (others.length > 0) {
      const all = [one, ...others].join(', ');
      throw new VeilError('bad_request', `${folder} has labels in several files (${all}).`, 'Name one of them as the data set.');
    }
    if (one) {
      return join(folder, one);
    }
  }
  return null;
}

/** One of its lists begins near the beginning. */
async function looksLikeCoco(path: string): Promise<boolean> {
  const file = await fileSize(path)
    .then(() => open(path))
    .catch(() => null);
  if (!file) {
    return false;
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, 0);
    return /"(images|annotations)"\s*:\s*\[/.test(buffer.toString('latin1', 0, bytesRead));
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

/**
 * What the photographs' names are relative to: the place where the first is; where that is nowhere, where such sets have them.
 * @param split name of the json without ending, as COCO names its folders of photographs
 */
export async function folderOf(json: string, split: string, first?: string): Promise<string> {
  const beside = dirname(json);
  const above = basename(beside) === 'annotations' ? dirname(beside) : beside;
  const folders = [join(beside, 'images'), join(above, 'images'), join(above, split), above, beside];
  for (const folder of folders) {
    const path = first === undefined ? null : photographPath(folder, first);
    if (path !== null && (await isThere(path))) {
      return folder;
    }
  }
  for (const folder of folders.slice(0, 2)) {
    if (await isThere(folder)) {
      return folder;
    }
  }
  return above;
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false
  );
}
