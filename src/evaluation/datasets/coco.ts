import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { VeilError } from '../../protocol';
import { type LabelledPhotograph } from './types';

const Id = Type.Union([Type.Integer(), Type.String()]);
const Category = Type.Object({ id: Id, name: Type.String() });
const CocoDocument = Type.Object({
  images: Type.Array(
    Type.Object({
      id: Id,
      file_name: Type.String({ minLength: 1 }),
      width: Type.Optional(Type.Integer({ minimum: 1 })),
      height: Type.Optional(Type.Integer({ minimum: 1 }))
    })
  ),
  annotations: Type.Array(
    Type.Object({
      image_id: Id,
      category_id: Id,
      bbox: Type.Tuple([
        Type.Number(),
        Type.Number(),
        Type.Number({ exclusiveMinimum: 0 }),
        Type.Number({ exclusiveMinimum: 0 })
      ]),
      iscrowd: Type.Optional(Type.Union([Type.Literal(0), Type.Literal(1), Type.Boolean()]))
    })
  ),
  categories: Type.Optional(Type.Array(Category))
});
type CocoDocument = Static<typeof CocoDocument>;

/**
 * Photographs and boxes of a COCO json (Lin et al., Microsoft COCO, ECCV 2014), in the order of its images; those without
 * annotations are among them. Crowds are ignored truth.
 * @param path of the json
 * @param folder the photographs' names are relative to; default: `images` beside the json, where it is, else the json's own
 * @param category name of the one that counts; needed where the annotations have several
 * @throws VeilError `not_found`, `bad_request`: one line that names the file and what in it is wrong
 */
export async function readCoco(
  path: string,
  { folder, category }: { folder?: string; category?: string } = {}
): Promise<LabelledPhotograph[]> {
  const document = parseCoco(await readText(path), path);
  const wanted = categoryOf(document, path, category);
  const root = folder ?? (await defaultFolder(path));
  const photographs = new Map<Static<typeof Id>, LabelledPhotograph>();
  document.images.forEach(({ id, file_name, width, height }, i) => {
    if (photographs.has(id)) {
      throw malformed(path, `images[${i}] has the id ${id} of another image`);
    }
    photographs.set(id, { path: join(root, file_name), width, height, truth: [] });
  });
  document.annotations.forEach(({ image_id, category_id, bbox: [x, y, width, height], iscrowd }, i) => {
    const photograph = photographs.get(image_id);
    if (!photograph) {
      throw malformed(path, `annotations[${i}] is of image ${image_id}, which is not in images`);
    }
    if (category_id === wanted) {
      const box = { x1: x, y1: y, x2: x + width, y2: y + height };
      photograph.truth.push(iscrowd ? { ...box, ignore: true } : box);
    }
  });
  return [...photographs.values()];
}

function parseCoco(text: string, path: string): CocoDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw malformed(
      `${path}, line ${lineOf(error as SyntaxError, text)}`,
      `not JSON (${(error as Error).message.replace(/\s+/g, ' ')})`
    );
  }
  const wrong = Value.Errors(CocoDocument, document).First();
  if (wrong) {
    const place = wrong.path
      .slice(1)
      .replace(/\/(\d+)/g, '[$1]')
      .replaceAll('/', '.');
    throw malformed(path, `${place || 'the document'}: ${wrong.message}`);
  }
  return document as CocoDocument;
}

/** Node tells the place of most mistakes; where it does not, the text ends too early. */
function lineOf({ message }: SyntaxError, text: string): number {
  const told = /line (\d+)/.exec(message);
  return told ? Number(told[1]) : text.trimEnd().split('\n').length;
}

function categoryOf({ annotations, categories = [] }: CocoDocument, path: string, name?: string): Static<typeof Id> | undefined {
  const used = [...new Set(annotations.map(({ category_id }) => category_id))];
  if (name === undefined && used.length <= 1) {
    return used[0];
  }
  const found = categories.find(category => category.name === name);
  if (!found) {
    const names = categories.map(category => category.name).join(', ') || 'unnamed';
    const ask =
      name === undefined ? `its boxes are of ${used.length} categories (${names})` : `it has no category ${name} (${names})`;
    throw new VeilError('bad_request', `${path}: ${ask}.`, 'Name one of them.');
  }
  return found.id;
}

async function defaultFolder(path: string): Promise<string> {
  const images = join(dirname(path), 'images');
  return readdir(images).then(
    () => images,
    () => dirname(path)
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new VeilError('not_found', `${path} cannot be read (${code ?? message}).`, 'Check the path.');
  }
}

function malformed(place: string, what: string): VeilError {
  return new VeilError('bad_request', `${place}: ${what}.`, 'Correct the data set.');
}
