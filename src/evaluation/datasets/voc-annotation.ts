import { SaxesParser } from 'saxes';
import { type TruthBox } from '../average-precision';
import { outside } from './boxes';
import { quote } from './failures';
import { readNumber } from './numbers';

/** Deeper than any annotation: beyond it there is nothing but an attempt. */
const DEEPEST = 32;

export interface VocAnnotation {
  filename?: string;
  width?: number;
  height?: number;
  objects: { name: string; box: TruthBox }[];
}

/** What is wrong in an annotation, and on which of its lines. */
export class VocMistake extends Error {
  constructor(
    readonly line: number,
    message: string
  ) {
    super(message);
  }
}

interface VocObject {
  line: number;
  fields: Map<string, string>;
}

/**
 * Parse an annotation of Pascal VOC. Pixels count from 1 and a box holds its last ones, so xmin…xmax cover xmin - 1 … xmax.
 * Difficult objects are ignored truth. A document's own entities are not expanded: one that uses them is refused.
 * @throws VocMistake
 */
export function parseVoc(xml: string): VocAnnotation {
  const parser = new SaxesParser();
  const open: string[] = [];
  const fields = new Map<string, string>();
  const objects: VocObject[] = [];
  let text = '';
  parser.on('error', ({ message }) => {
    throw new VocMistake(parser.line, `not XML (${quote(message)})`);
  });
  parser.on('opentag', ({ name }) => {
    text = '';
    if (open.push(name) > DEEPEST) {
      throw new VocMistake(parser.line, `elements are nested more than ${DEEPEST} deep`);
    }
    if (open.join('/') === 'annotation/object') {
      objects.push({ line: parser.line, fields: new Map() });
    }
  });
  parser.on('text', more => (text += more));
  parser.on('cdata', more => (text += more));
  parser.on('closetag', () => {
    const path = open.join('/');
    const inObject = path.startsWith('annotation/object/');
    (inObject ? objects.at(-1)!.fields : fields).set(path.replace(/^annotation\/(object\/)?/, ''), text.trim());
    text = '';
    open.pop();
  });
  parser.write(xml).close();
  if (!fields.has('annotation')) {
    throw new VocMistake(1, 'expected an annotation, found another document');
  }
  const size = { width: sizeOf(fields.get('size/width')), height: sizeOf(fields.get('size/height')) };
  const filename = fields.get('filename');
  return { ...(filename ? { filename } : {}), ...size, objects: objects.map(object => readObject(object, size)) };
}

/** Some programs write 0 for a size that they do not know. */
function sizeOf(text: string | undefined): number | undefined {
  const value = readNumber(text ?? '0');
  if (!Number.isInteger(value) || value < 0) {
    throw new VocMistake(1, `expected the size of the photograph, found ${quote(text!)}`);
  }
  return value === 0 ? undefined : value;
}

function readObject({ line, fields }: VocObject, size: { width?: number; height?: number }): VocAnnotation['objects'][number] {
  const wrong = (message: string) => new VocMistake(line, message);
  const side = (name: string) => {
    const text = fields.get(`bndbox/${name}`) ?? '';
    const value = readNumber(text);
    if (Number.isNaN(value)) {
      throw wrong(`expected ${name} of an object, found ${quote(text)}`);
    }
    return value;
  };
  const name = fields.get('name');
  if (!name) {
    throw wrong('an object has no name');
  }
  const box = { x1: side('xmin') - 1, y1: side('ymin') - 1, x2: side('xmax'), y2: side('ymax') };
  if (box.x2 <= box.x1 || box.y2 <= box.y1) {
    throw wrong('the sides of an object are swapped');
  }
  if (outside(box, size)) {
    throw wrong('an object lies outside the photograph');
  }
  const difficult = fields.get('difficult') ?? '0';
  if (!['0', '1'].includes(difficult)) {
    throw wrong(`expected 0 or 1 for difficult, found ${quote(difficult)}`);
  }
  return { name, box: difficult === '1' ? { ...box, ignore: true } : box };
}
