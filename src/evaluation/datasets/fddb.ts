import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { countedBlocks } from './counted-blocks';
import { ellipseBounds } from './ellipse';
import { quote } from './failures';
import { LineReader } from './line-reader';
import { readNumbers } from './numbers';
import { photographPath } from './photograph-path';
import { SeenNames } from './seen-names';
import { type DatasetSource, type Ellipse, type FoldSource, type Reading } from './types';

const ENDING = /-?ellipseList\.txt$/;
const inNumbers = new Intl.Collator('en', { numeric: true }).compare;

/**
 * The layout of FDDB (Jain and Learned-Miller, FDDB, UM-CS-2010-009): `FDDB-fold-NN-ellipseList.txt` in `FDDB-folds/` or in
 * the folder itself, photographs in `originalPics/`. Where `FDDB-fold-NN.txt` lies beside, both have to name the same
 * photographs. The box of a face is the smallest upright rectangle around its ellipse, which may reach beyond the
 * photograph.
 * @returns null for a folder without ellipse lists
 */
export async function fddbSource(dir: string): Promise<DatasetSource | null> {
  const lists = await ellipseLists(dir);
  if (lists.length === 0) {
    return null;
  }
  const folds = await Promise.all(lists.map(path => foldOf(path, join(dir, 'originalPics'))));
  return {
    name: 'FDDB',
    folds,
    labelFiles: async () => folds.flatMap(({ files }) => files)
  };
}

async function ellipseLists(dir: string): Promise<string[]> {
  for (const folder of [join(dir, 'FDDB-folds'), dir]) {
    const names = await readdir(folder).catch(() => []);
    const lists = names.filter(name => ENDING.test(name)).sort(inNumbers);
    if (lists.length > 0) {
      return lists.map(name => join(folder, name));
    }
  }
  return [];
}

async function foldOf(ellipses: string, pictures: string): Promise<FoldSource & { files: string[] }> {
  const beside = ellipses.replace(ENDING, '.txt');
  const list = await stat(beside).then(
    () => beside,
    () => null
  );
  // As the results of FDDB are printed: FDDB-fold-1, in the file's name FDDB-fold-01.
  const name = basename(ellipses)
    .replace(ENDING, '')
    .replace(/-0+(?=\d+$)/, '-');
  return { name, files: list ? [ellipses, list] : [ellipses], read: () => readFold(ellipses, list, pictures) };
}

async function* readFold(path: string, list: string | null, pictures: string): AsyncGenerator<Reading> {
  const listed = list === null ? null : await namesOf(list);
  const annotated = new SeenNames();
  const lines = new LineReader(path);
  try {
    for await (const block of countedBlocks(lines, path, { parseRow: readEllipse, row: ROW })) {
      if (block.name !== undefined) {
        annotated.add(block.name);
      }
      if (!block.rows) {
        yield { place: block.place, message: block.message };
        continue;
      }
      const { place, name, rows } = block;
      const file = photographPath(pictures, `${name}.jpg`);
      if (file === null) {
        yield { place, message: `${quote(name)} names no photograph in the folder` };
      } else if (listed && !listed.has(name)) {
        yield { place, message: `${quote(name)} is not in ${list}` };
      } else {
        const truth = rows.map(({ major, minor, angle, x, y }) => ellipseBounds(major, minor, angle, x, y));
        yield { place, photograph: { path: file, truth, ellipses: rows } };
      }
    }
  } finally {
    await lines.close();
  }
  if (list !== null) {
    yield* withoutAnnotation(list, annotated, path);
  }
}

const ROW = 'the radii, angle and centre of an ellipse';

function readEllipse(line: string): Ellipse | null {
  const numbers = readNumbers(line);
  if (!numbers || numbers.length < 5 || numbers.length > 6) {
    return null;
  }
  const [major, minor, angle, x, y] = numbers;
  return major > 0 && minor > 0 ? { major, minor, angle, x, y } : null;
}

async function namesOf(list: string): Promise<SeenNames> {
  const names = new SeenNames();
  for await (const { text } of listLines(list)) {
    names.add(text);
  }
  return names;
}

/** Names of a list without annotation, each once, and lines of it that are no names. */
async function* withoutAnnotation(list: string, annotated: SeenNames, path: string): AsyncGenerator<Reading> {
  for await (const { text, tooLong, number } of listLines(list)) {
    const place = `${list}, line ${number}`;
    if (tooLong) {
      yield { place, message: 'expected the name of a photograph, found a line that is too long to be read' };
    } else if (annotated.add(text)) {
      yield { place, message: `${quote(text)} has no annotation in ${path}` };
    }
  }
}

async function* listLines(list: string): AsyncGenerator<{ text: string; tooLong: boolean; number: number }> {
  const lines = new LineReader(list);
  try {
    for (let line = await lines.next(); line; line = await lines.next()) {
      if (line.text !== '' || line.tooLong) {
        yield line;
      }
    }
  } finally {
    await lines.close();
  }
}
