import { type Static, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { appendFile, readFile, truncate } from 'node:fs/promises';
import { VeilError } from '../../protocol';

/** Rows that are kept in a file, one JSON line each, so that a comparison that was stopped goes on. */
export class KeptRows<Row extends { question: unknown }> {
  private constructor(
    private readonly path: string | null,
    readonly all: Row[]
  ) {}

  /**
   * @param path null: rows are not kept
   * @throws VeilError `bad_request` when the file holds something else, `output_unwritable`; a last line that was cut off
   *   is taken away
   */
  static async open<S extends TSchema>(path: string | null, schema: S): Promise<KeptRows<Static<S> & { question: unknown }>> {
    const text = path === null ? '' : await textOf(path);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const rows = whole
      .split('\n')
      .slice(0, -1)
      .map((line, i) => parse(schema, line, `${path}, line ${i + 1}`));
    if (path !== null && whole.length < text.length) {
      await truncate(path, Buffer.byteLength(whole));
    }
    return new KeptRows(path, rows);
  }

  of(question: Row['question']): Row | undefined {
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

function parse<S extends TSchema>(schema: S, line: string, place: string): Static<S> & { question: unknown } {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    row = null;
  }
  const fault = Value.Errors(schema, row).First();
  if (fault) {
    throw new VeilError(
      'bad_request',
      `${place} is no row of a comparison (${fault.path || 'it'}: ${fault.message}). Nothing was run.`,
      'Give another --out.'
    );
  }
  return row as Static<S> & { question: unknown };
}
