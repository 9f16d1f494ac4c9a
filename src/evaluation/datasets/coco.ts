import { constants } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { VeilError } from '../../protocol';
import { outside } from './boxes';
import { findJson, folderOf } from './coco-places';
import { fileSize, malformed, quote, unreadable } from './failures';
import { isPixels } from './numbers';
import { photographPath } from './photograph-path';
import { type BadRecord, type DatasetSource, type LabelledPhotograph, type Reading } from './types';

const Id = Type.Union([Type.Integer(), Type.String()]);
type Id = Static<typeof Id>;
const CocoDocument = Type.Object({
  images: Type.Array(Type.Unknown()),
  annotations: Type.Array(Type.Unknown()),
  categories: Type.Optional(Type.Array(Type.Object({ id: Id, name: Type.String() })))
});
type CocoDocument = Static<typeof CocoDocument>;
const Identified = Type.Object({ id: Id });
const Image = Type.Object({
  id: Id,
  file_name: Type.String({ minLength: 1 }),
  width: Type.Optional(Type.Integer({ minimum: 1 })),
  height: Type.Optional(Type.Integer({ minimum: 1 }))
});
const Label = Type.Object({ image_id: Id, category_id: Id });
const Side = Type.Number({ exclusiveMinimum: 0 });
const Face = Type.Object({
  bbox: Type.Tuple([Type.Number(), Type.Number(), Side, Side]),
  iscrowd: Type.Optional(Type.Union([Type.Literal(0), Type.Literal(1), Type.Boolean()]))
});

/**
 * A COCO json (Lin et al., Microsoft COCO, ECCV 2014), whose images come in its own order, those without annotations among
 * them. Crowds are ignored truth.
 *
 * The json is read whole: its images and annotations stand in two lists of any order, so that a box has to be held until its
 * image is known whoever parses it. Once it is parsed, names, sizes and boxes of the category stay, nothing else. Places
 * are those in its lists, as a COCO json has all on one line.
 * @param path of the json, or of a folder that has one, itself or in `annotations/`
 * @param category name of the one that counts; needed where the annotations have several
 * @param folder the photographs' names are relative to; default: where such sets have them
 * @returns null where there is no such json
 */
export async function cocoSource(path: string, category?: string, folder?: string): Promise<DatasetSource | null> {
  const json = path.endsWith('.json') ? path : await findJson(path);
  if (json === null) {
    return null;
  }
  const name = basename(json, '.json').replace(/^instances_/, '');
  const read = async function* (): AsyncGenerator<Reading> {
    const document = await parse(json);
    yield* readings(
      document,
      json,
      categoryOf(document, json, category),
      folder ?? (await folderOf(json, name, firstName(document)))
    );
  };
  return { name: basename(dirname(json)), folds: [{ name, read }], labelFiles: async () => [json] };
}

async function parse(path: string): Promise<CocoDocument> {
  let text: string;
  try {
    if ((await fileSize(path)) > constants.MAX_STRING_LENGTH) {
      throw malformed({ place: path, message: `larger than the ${constants.MAX_STRING_LENGTH} bytes that can be parsed` });
    }
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const place = `${path}, line ${lineOf(error as SyntaxError, text)}`;
    throw malformed({ place, message: `not JSON (${quote((error as Error).message)})` });
  }
  const wrong = mistake(CocoDocument, document, '');
  if (wrong) {
    throw malformed({ ...wrong, place: `${path}: ${wrong.place || 'the document'}` });
  }
  return document as CocoDocument;
}

/** Node tells the place of most mistakes; where it does not, the text ends too early. */
function lineOf({ message }: SyntaxError, text: string): number {
  const told = /line (\d+)/.exec(message);
  return told ? Number(told[1]) : text.trimEnd().split('\n').length;
}

/** An image, and what is wrong with it or one of its annotations. */
interface Entry {
  place: string;
  bad?: BadRecord;
  photograph?: LabelledPhotograph;
}

function* readings(document: CocoDocument, json: string, wanted: Id | undefined, folder: string): Generator<Reading> {
  const entries: Entry[] = [];
  const byId = new Map<Id, Entry>();
  document.images.forEach((item, i) => {
    const place = `${json}: images[${i}]`;
    const id = Value.Check(Identified, item) ? item.id : undefined;
    const other = id === undefined ? undefined : byId.get(id);
    const entry = other
      ? { place, bad: { place, message: `has the id ${quote(String(id))} of another image` } }
      : entryOf(item, place, folder);
    entries.push(entry);
    if (other) {
      // Nobody knows whose annotations are whose.
      other.bad ??= entry.bad;
    } else if (id !== undefined) {
      byId.set(id, entry);
    }
  });
  const strays: BadRecord[] = [];
  document.annotations.forEach((item, i) => {
    const place = `${json}: annotations[${i}]`;
    const id = (item as Partial<Static<typeof Label>> | null)?.image_id;
    const entry = id === undefined ? undefined : byId.get(id);
    const bad = mistake(Label, item, place) ?? (entry ? addFace(entry, item, place, wanted) : stray(id!, place));
    if (bad && entry) {
      entry.bad ??= bad;
    } else if (bad) {
      strays.push(bad);
    }
  });
  for (const { place, bad, photograph } of entries) {
    yield bad ?? { place, photograph: photograph! };
  }
  yield* strays;
}

function firstName({ images }: CocoDocument): string | undefined {
  return images.find(item => Value.Check(Image, item))?.file_name;
}

function entryOf(item: unknown, place: string, folder: string): Entry {
  const bad = mistake(Image, item, place);
  if (bad) {
    return { place, bad };
  }
  const { file_name, width, height } = item as Static<typeof Image>;
  const path = photographPath(folder, file_name);
  return path === null
    ? { place, bad: { place, message: `${quote(file_name)} names no photograph in the folder` } }
    : { place, photograph: { path, width, height, truth: [] } };
}

/** @returns what is wrong with the face */
function addFace({ photograph }: Entry, item: unknown, place: string, wanted: Id | undefined): BadRecord | undefined {
  if ((item as Static<typeof Label>).category_id !== wanted || !photograph) {
    return undefined;
  }
  const bad = mistake(Face, item, place);
  if (bad) {
    return bad;
  }
  const { bbox, iscrowd } = item as Static<typeof Face>;
  const [x, y, width, height] = bbox;
  const box = { x1: x, y1: y, x2: x + width, y2: y + height };
  if (!bbox.every(isPixels) || outside(box, photograph)) {
    return { place: `${place}.bbox`, message: 'the box lies outside the photograph' };
  }
  photograph.truth.push(iscrowd ? { ...box, ignore: true } : box);
  return undefined;
}

function stray(id: Id, place: string): BadRecord {
  return { place, message: `is of image ${quote(String(id))}, which is not in images` };
}

/** The first thing in which a value is not what the schema says. */
function mistake(schema: TSchema, value: unknown, place: string): BadRecord | undefined {
  if (Value.Check(schema, value)) {
    return undefined;
  }
  const { path, message } = Value.Errors(schema, value).First()!;
  const within = path.replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.');
  return { place: place === '' ? within.slice(1) : place + within, message };
}

function categoryOf({ annotations, categories = [] }: CocoDocument, path: string, name?: string): Id | undefined {
  const used = new Set(annotations.filter(item => Value.Check(Label, item)).map(({ category_id }) => category_id));
  if (name === undefined && used.size <= 1) {
    return [...used][0];
  }
  const found = categories.find(category => category.name === name);
  if (!found) {
    const names =
      categories
        .slice(0, 20)
        .map(category => quote(category.name))
        .join(', ') || 'unnamed';
    const ask =
      name === undefined ? `its boxes are of ${used.size} categories (${names})` : `it has no category ${quote(name)} (${names})`;
    throw new VeilError('bad_request', `${path}: ${ask}.`, 'Name one of them (--category).');
  }
  return found.id;
}
