import { quote } from './failures';
import { type LineReader } from './line-reader';
import { type BadRecord } from './types';

/** Faces of one photograph: more are no photograph's, and are not held. */
const MOST_FACES = 99_999;

export interface Block<Row> {
  /** Of the line with the name. */
  place: string;
  name: string;
  rows: Row[];
}

/** `name` where that much could be read. */
export type BadBlock = BadRecord & { name?: string; rows?: undefined };

export interface BlockGrammar<Row> {
  /** A face's line, or null where it is none; what it was expected to be. */
  parseRow(line: string): Row | null;
  row: string;
  /** Below a number of no faces there may be one line of zeros, as WIDER FACE has it. */
  zeros?: boolean;
}

/**
 * The text form of FDDB and WIDER FACE: for each photograph its name, the number of its faces, and a line for each. Blank
 * lines between photographs are passed over. Where something is wrong, that is told with its line and reading goes on at
 * the next line that can be a name: one that does not begin with a number.
 */
export async function* countedBlocks<Row>(
  lines: LineReader,
  path: string,
  grammar: BlockGrammar<Row>
): AsyncGenerator<Block<Row> | BadBlock> {
  while (await toNextText(lines)) {
    const block = await readBlock(lines, path, grammar);
    if ('wanted' in block) {
      const line = await lines.peek();
      const found = line?.tooLong ? 'a line that is too long to be read' : quote(line?.text ?? '');
      const { name, wanted } = block;
      yield { place: `${path}, line ${lines.nextNumber}`, message: `expected ${wanted}, found ${found}`, name };
      await toNextName(lines);
    } else {
      yield block;
    }
  }
}

/** A photograph's lines, or what was wanted where the next line now is. */
async function readBlock<Row>(
  lines: LineReader,
  path: string,
  { parseRow, row, zeros }: BlockGrammar<Row>
): Promise<Block<Row> | { wanted: string; name?: string }> {
  const text = async () => (await lines.peek())?.text ?? '';
  const [place, name] = [`${path}, line ${lines.nextNumber}`, await text()];
  if (name === '' || isRow(name)) {
    return { wanted: 'the name of a photograph' };
  }
  await lines.next();
  const count = await text();
  if (!/^\d{1,15}$/.test(count) || Number(count) > MOST_FACES) {
    return { name, wanted: `the number of faces in ${quote(name)}` };
  }
  await lines.next();
  const rows: Row[] = [];
  while (rows.length < Number(count)) {
    const parsed = parseRow(await text());
    if (parsed === null) {
      return { name, wanted: row };
    }
    rows.push(parsed);
    await lines.next();
  }
  if (zeros && rows.length === 0 && /^0(\s+0)+$/.test(await text())) {
    await lines.next();
  }
  if (isRow(await text())) {
    return { name, wanted: `the name of a photograph (${quote(name)} is to have ${count} faces)` };
  }
  return { place, name, rows };
}

/** A line of numbers, which is no name. */
function isRow(text: string): boolean {
  return beginsWithNumber(text) && /\s/.test(text);
}

function beginsWithNumber(text: string): boolean {
  return /^([\d.+-]+(e[+-]?\d+)?|[+-]?(nan|inf(inity)?))(\s|$)/i.test(text);
}

async function toNextText(lines: LineReader): Promise<boolean> {
  for (let line = await lines.peek(); line; line = await lines.peek()) {
    if (line.text !== '' || line.tooLong) {
      return true;
    }
    await lines.next();
  }
  return false;
}

async function toNextName(lines: LineReader): Promise<void> {
  for (let line = await lines.peek(); line; line = await lines.peek()) {
    if (line.text !== '' && !beginsWithNumber(line.text)) {
      return;
    }
    await lines.next();
  }
}
