import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { VeilError } from '../../protocol';
import { fileSize, quote, unreadable } from './failures';
import { LineReader } from './line-reader';
import { photographPath } from './photograph-path';
import { parseVoc, VocMistake, type VocAnnotation } from './voc-annotation';
import { type DatasetSource, type FoldSource, type Reading } from './types';

/** Bytes of an annotation; those of people have some kilobytes. */
const LARGEST = 4 * 1024 * 1024;

/**
 * The layout of Pascal VOC (Everingham et al., IJCV 88, 2010): `Annotations/NAME.xml`, photographs in `JPEGImages/`, lists of
 * names in `ImageSets/Main/`. The folds are the lists train, val and test, or trainval where that is all, or the only list;
 * without lists all annotations are one fold. Difficult objects are ignored truth.
 * @param path of the folder, or of one list in its `ImageSets/Main/`
 * @param category name of the objects that count; needed where they have several
 * @returns null for a folder without annotations
 */
export async function vocSource(path: string, category?: string): Promise<DatasetSource | null> {
  const main = dirname(path);
  const list = path.endsWith('.txt') && basename(main) === 'Main' ? path : null;
  const root = list ? dirname(dirname(main)) : path;
  const annotations = await folderIn(root, ['Annotations', 'annotations']);
  if (annotations === null || (!list && !(await hasAnnotations(annotations)))) {
    return null;
  }
  const pictures = (await folderIn(root, ['JPEGImages', 'images'])) ?? join(root, 'JPEGImages');
  const place: Place = { root, annotations, pictures, category };
  const lists = list ? [list] : await listsIn(join(root, 'ImageSets', 'Main'));
  const name = basename(resolve(root));
  const folds: FoldSource[] =
    lists.length > 0
      ? lists.map(each => ({ name: basename(each, '.txt'), read: () => readNames(namesIn(each), place) }))
      : [{ name, read: () => readNames(annotationsIn(annotations), place) }];
  const labelFiles = async () => [...lists, ...(await xmlsIn(annotations)).map(file => join(annotations, file))];
  return { name, folds, labelFiles };
}

interface Place {
  root: string;
  annotations: string;
  pictures: string;
  category?: string;
}

async function folderIn(root: string, names: string[]): Promise<string | null> {
  const found = await readdir(root).catch((): string[] => []);
  const name = names.find(each => found.includes(each));
  return name ? join(root, name) : null;
}

async function xmlsIn(annotations: string): Promise<string[]> {
  const names = await readdir(annotations).catch(thrown => {
    throw unreadable(annotations, thrown);
  });
  return names.filter(name => name.endsWith('.xml')).sort();
}

async function hasAnnotations(annotations: string): Promise<boolean> {
  return (await readdir(annotations).catch(() => [])).some(name => name.endsWith('.xml'));
}

async function listsIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.txt')).sort();
  for (const wanted of [['train.txt', 'val.txt', 'test.txt'], ['trainval.txt']]) {
    const found = wanted.filter(name => names.includes(name));
    if (found.length > 0) {
      return found.map(name => join(folder, name));
    }
  }
  if (names.length > 1) {
    throw new VeilError(
      'bad_request',
      `${folder} has none of train, val, test and trainval, and ${names.length} other lists.`,
      'Name one of them as the data set.'
    );
  }
  return names.map(name => join(folder, name));
}

/** Names of annotations without their ending, and where they are named. */
type Names = AsyncIterable<{ name: string; place: string }>;

async function* annotationsIn(folder: string): Names {
  for (const file of await xmlsIn(folder)) {
    yield { name: file.slice(0, -'.xml'.length), place: join(folder, file) };
  }
}

/** The lists of one category also say, by -1, 0 or 1, whether it is in the photograph, which the annotation says better. */
async function* namesIn(list: string): Names {
  const lines = new LineReader(list);
  try {
    for (let line = await lines.next(); line; line = await lines.next()) {
      if (line.text !== '' || line.tooLong) {
        yield { name: line.text.replace(/\s+(-1|0|1)$/, ''), place: `${list}, line ${line.number}` };
      }
    }
  } finally {
    await lines.close();
  }
}

async function* readNames(names: Names, { root, annotations, pictures, category }: Place): AsyncGenerator<Reading> {
  let wanted = category;
  for await (const { name, place } of names) {
    const xml = name === '' ? null : photographPath(annotations, `${name}.xml`);
    if (xml === null) {
      yield { place, message: `${quote(name)} names no annotation in the folder` };
      continue;
    }
    const annotation = await readAnnotation(xml, place);
    if ('message' in annotation) {
      yield annotation;
      continue;
    }
    const { filename = `${name}.jpg`, width, height, objects } = annotation;
    wanted ??= objects[0]?.name;
    const other = objects.find(object => object.name !== wanted);
    if (category === undefined && other) {
      throw severalNames(root, wanted!, other.name);
    }
    const path = photographPath(pictures, filename);
    const truth = objects.filter(object => object.name === wanted).map(({ box }) => box);
    yield path === null
      ? { place: xml, message: `${quote(filename)} names no photograph in the folder` }
      : { place, photograph: { path, width, height, truth } };
  }
}

async function readAnnotation(path: string, place: string): Promise<VocAnnotation | { place: string; message: string }> {
  try {
    if ((await fileSize(path)) > LARGEST) {
      return { place: path, message: `larger than ${LARGEST} bytes` };
    }
    return parseVoc(await readFile(path, 'utf8'));
  } catch (thrown) {
    if (thrown instanceof VocMistake) {
      return { place: `${path}, line ${thrown.line}`, message: thrown.message };
    }
    const { code, message } = thrown as NodeJS.ErrnoException;
    return { place, message: `${path} cannot be read (${code ?? message})` };
  }
}

function severalNames(root: string, one: string, other: string): VeilError {
  return new VeilError(
    'bad_request',
    `${root} has objects of several categories (${quote(one)}, ${quote(other)}).`,
    'Name the one that counts (--category).'
  );
}
