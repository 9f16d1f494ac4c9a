import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { appendFile, readFile, truncate } from 'node:fs/promises';
import { ServerPart, VeilError } from '../../protocol';
import { FAMILIES } from './families';

const Interval = Type.Tuple([Type.Number(), Type.Number()], { description: '95 %, bootstrap over photographs' });
const Linear = Type.Object({ fit: Type.Number(), held_out: Type.Number() });

/** What a result is of: the same question gives the same row. */
export const Question = Type.Object({
  model: Type.Object({ name: Type.String(), head_sha256: Type.String(), tail_sha256: Type.String() }),
  images_sha256: Type.String(),
  labels_sha256: Type.String(),
  alpha: Type.Number(),
  seed: Type.Integer(),
  family: Type.Union(FAMILIES.map(family => Type.Literal(family))),
  steps: Type.Integer({ description: 'training of the adaptive decoder' })
});
export type Question = Static<typeof Question>;

/** One family of noise at one strength, one seed. R2 is the share of the images' variance that an attacker recovers. */
export const Row = Type.Object({
  schema: Type.Literal(1),
  program: Type.String({ description: 'hash of the code that made this row' }),
  question: Question,
  images: Type.Object({ fit: Type.Integer(), select: Type.Integer(), held_out: Type.Integer(), labelled: Type.Integer() }),
  clean: Type.Object({ linear: Linear, ap: Type.Number() }),
  cost: Type.Number({ description: 'sum over frequencies of tr(G S): what the noise costs the task to second order' }),
  linear: Linear,
  decoder: Type.Object({ r2: Type.Number(), interval: Interval, detail: Type.Number() }),
  sides: Type.Array(
    Type.Object({
      parts: Type.Array(ServerPart),
      ap: Type.Number(),
      retained: Type.Number(),
      interval: Interval,
      agreement: Type.Number()
    })
  ),
  seconds: Type.Number()
});
export type Row = Static<typeof Row>;

/** Rows that are kept in a file, one JSON line each, so that a comparison that was stopped goes on. */
export class Rows {
  private constructor(
    private readonly path: string | null,
    readonly all: Row[]
  ) {}

  /**
   * @param path null: rows are not kept
   * @throws VeilError `bad_request` when the file holds something else, `output_unwritable`; a last line that was cut off
   *   is taken away
   */
  static async open(path: string | null): Promise<Rows> {
    const text = path === null ? '' : await textOf(path);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const rows = whole
      .split('\n')
      .slice(0, -1)
      .map((line, i) => parse(line, `${path}, line ${i + 1}`));
    if (path !== null && whole.length < text.length) {
      await truncate(path, Buffer.byteLength(whole));
    }
    return new Rows(path, rows);
  }

  of(question: Question): Row | undefined {
    return this.all.find(row => Value.Equal(row.question, question));
  }

  /** @throws VeilError `output_unwritable` */
  async add(row: Row): Promise<void> {
    this.all.push(row);
    if (this.path !== null) {
      await append(this.path, `${JSON.stringify(row)}\n`);
    }
  }
}

/** Of a file that can be written, empty if it was not there: better known now than after the first row. */
async function textOf(path: string): Promise<string> {
  await append(path, '');
  return readFile(path, 'utf8');
}

async function append(path: string, text: string): Promise<void> {
  await appendFile(path, text).catch(error => {
    throw new VeilError('output_unwritable', `${path} cannot be written (${error.message}).`, 'Give another --out.');
  });
}

function parse(line: string, place: string): Row {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    row = null;
  }
  const fault = Value.Errors(Row, row).First();
  if (fault) {
    throw new VeilError(
      'bad_request',
      `${place} is no row of a comparison (${fault.path || 'it'}: ${fault.message}). Nothing was run.`,
      'Give another --out.'
    );
  }
  return row as Row;
}
