import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type TruthBox } from '../average-precision';
import { countedBlocks } from './counted-blocks';
import { quote } from './failures';
import { LineReader } from './line-reader';
import { readNumbers } from './numbers';
import { photographPath } from './photograph-path';
import { type DatasetSource, type Reading } from './types';

const LIST = /^wider_face_(.+)_bbx_gt\.txt$/;

/**
 * The layout of WIDER FACE (Yang, Luo, Loy and Tang, WIDER FACE, CVPR 2016): `wider_face_SPLIT_bbx_gt.txt` in
 * `wider_face_split/` or in the folder itself, photographs in `WIDER_SPLIT/images/`; each split is a fold. Faces that are
 * marked invalid are ignored truth; the other attributes (blur, expression, illumination, occlusion, pose) are not used.
 * @param path of the folder, or of one list
 * @returns null where there are no such lists
 */
export async function widerSource(path: string): Promise<DatasetSource | null> {
  const lists = LIST.test(basename(path)) ? [path] : await listsIn(path);
  if (lists.length === 0) {
    return null;
  }
  const folds = lists.map(list => {
    const split = LIST.exec(basename(list))![1];
    const beside = dirname(list);
    const root = basename(beside) === 'wider_face_split' ? dirname(beside) : beside;
    return { name: split, read: () => readSplit(list, join(root, `WIDER_${split}`, 'images')) };
  });
  return { name: 'WIDER FACE', folds, labelFiles: async () => lists };
}

async function listsIn(dir: string): Promise<string[]> {
  for (const folder of [join(dir, 'wider_face_split'), dir]) {
    const names = (await readdir(folder).catch(() => [])).filter(name => LIST.test(name));
    if (names.length > 0) {
      return names.sort().map(name => join(folder, name));
    }
  }
  return [];
}

async function* readSplit(path: string, pictures: string): AsyncGenerator<Reading> {
  const lines = new LineReader(path);
  const grammar = { parseRow: readFace, row: 'left, top, width and height of a face and its six attributes', zeros: true };
  try {
    for await (const block of countedBlocks(lines, path, grammar)) {
      const { place } = block;
      if (!block.rows) {
        yield { place, message: block.message };
        continue;
      }
      const file = photographPath(pictures, block.name);
      yield file === null
        ? { place, message: `${quote(block.name)} names no photograph in the folder` }
        : { place, photograph: { path: file, truth: block.rows } };
    }
  } finally {
    await lines.close();
  }
}

/** left top width height blur expression illumination invalid occlusion pose; the box of an invalid face may be empty. */
function readFace(line: string): TruthBox | null {
  const numbers = readNumbers(line);
  if (numbers?.length !== 10) {
    return null;
  }
  const [x1, y1, width, height, , , , invalid] = numbers;
  const box = { x1, y1, x2: x1 + width, y2: y1 + height };
  if (invalid === 1) {
    return width >= 0 && height >= 0 ? { ...box, ignore: true } : null;
  }
  return invalid === 0 && width > 0 && height > 0 ? box : null;
}
