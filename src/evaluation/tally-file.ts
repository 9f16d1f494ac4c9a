import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { VeilError } from '../protocol';
import { COUNTED, STEPS, type CountedDetection, type RocStep } from './tally';
import { type RecordKind } from './tally-records';

const Count = Type.Integer({ minimum: 0 });

/** What a tally file says of its images; the records of each section follow, in the order of the sections. */
export const TallyHeader = Type.Object({
  schema: Type.Literal(1),
  /** Ordinals that were looked at, `to` not among them. */
  from: Count,
  to: Count,
  /** That it took. */
  seconds: Type.Number({ minimum: 0 }),
  /** That ran it. */
  devices: Type.Array(Type.String()),
  versions: Type.Record(Type.String(), Type.String()),
  sections: Type.Array(
    Type.Object({
      fold: Type.String(),
      alpha: Type.Union([Type.Number(), Type.Null()]),
      images: Count,
      truth: Count,
      counted: Count,
      hits: Count,
      steps: Count
    })
  ),
  bad: Type.Array(Type.Object({ fold: Type.String(), count: Count })),
  /** The first of them; ordinals count as those of images do. */
  bad_records: Type.Array(Type.Object({ ordinal: Count, place: Type.String(), message: Type.String() }))
});
export type TallyHeader = Static<typeof TallyHeader>;

const MAGIC = 'VEILTAL1';
const PREAMBLE = MAGIC.length + 4;
const MOST_HEADER = 64 * 2 ** 20;

/**
 * Write a tally file whole or not at all: beside its place, forced to the disk, then renamed.
 * @param records sorted records, in the order of the header's sections
 * @throws VeilError `output_unwritable`
 */
export async function writeTallyFile(path: string, header: TallyHeader, records: Iterable<Uint8Array>): Promise<void> {
  const beside = `${path}.${process.pid}.part`;
  const json = Buffer.from(JSON.stringify(header));
  const preamble = Buffer.alloc(PREAMBLE);
  preamble.write(MAGIC, 'latin1');
  preamble.writeUInt32LE(json.length, MAGIC.length);
  try {
    const file = await open(beside, 'w');
    try {
      await file.writeFile(Buffer.concat([preamble, json]));
      for (const part of records) {
        await file.writeFile(part);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (thrown) {
    await unlink(beside).catch(() => undefined);
    if (thrown instanceof VeilError) {
      throw thrown;
    }
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new VeilError(
      'output_unwritable',
      `${path} cannot be written (${code ?? message}). What was counted before is kept.`,
      'Make room or choose another --out; the same command goes on where it stopped.'
    );
  }
}

/** A tally file, open for reading. */
export class TallyFile {
  private constructor(
    readonly path: string,
    private readonly descriptor: number,
    readonly header: TallyHeader,
    private readonly start: number
  ) {}

  /** @throws VeilError `not_found` when it cannot be read, `bad_request` when it is no tally */
  static open(path: string): TallyFile {
    let descriptor: number;
    try {
      descriptor = openSync(path, 'r');
    } catch (thrown) {
      const { code, message } = thrown as NodeJS.ErrnoException;
      throw new VeilError('not_found', `${path} cannot be read (${code ?? message}).`, 'Check the path.');
    }
    try {
      const preamble = readWhole(descriptor, path, PREAMBLE, 0);
      const bytes = preamble.readUInt32LE(MAGIC.length);
      if (preamble.toString('latin1', 0, MAGIC.length) !== MAGIC || bytes > MOST_HEADER) {
        throw damaged(path, 'it does not begin as a tally does');
      }
      const header = parse(path, readWhole(descriptor, path, bytes, PREAMBLE).toString());
      const file = new TallyFile(path, descriptor, header, PREAMBLE + bytes);
      if (fstatSync(descriptor).size !== file.placeOf(header.sections.length)) {
        throw damaged(path, 'it does not end where its header says');
      }
      return file;
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** The counted detections of section `n`, lowest rank first. @param bufferBytes that it may keep in memory */
  counted(n: number, bufferBytes: number): Cursor<CountedDetection> {
    return new Cursor(this.path, this.descriptor, COUNTED, this.placeOf(n), this.header.sections[n].counted, bufferBytes);
  }

  /** The steps of FDDB's curves in section `n`, by descending score. */
  steps(n: number, bufferBytes: number): Cursor<RocStep> {
    const { counted, steps } = this.header.sections[n];
    return new Cursor(this.path, this.descriptor, STEPS, this.placeOf(n) + counted * COUNTED.bytes, steps, bufferBytes);
  }

  private placeOf(n: number): number {
    return this.header.sections
      .slice(0, n)
      .reduce((at, { counted, steps }) => at + counted * COUNTED.bytes + steps * STEPS.bytes, this.start);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** Goes through records of one kind. */
export class Cursor<Item> {
  /** The record it stands on; undefined behind the last. */
  record: Item | undefined;
  private buffer: Buffer = Buffer.alloc(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private at = 0;
  private readonly chunk: number;

  constructor(
    private readonly path: string,
    private readonly descriptor: number,
    readonly kind: RecordKind<Item>,
    private position: number,
    private left: number,
    bufferBytes: number
  ) {
    this.chunk = Math.max(1, Math.floor(bufferBytes / kind.bytes));
    this.advance();
  }

  advance(): void {
    const { bytes, read } = this.kind;
    if (this.at >= this.buffer.length) {
      if (this.left === 0) {
        this.record = undefined;
        return;
      }
      const records = Math.min(this.left, this.chunk);
      this.buffer = readWhole(this.descriptor, this.path, records * bytes, this.position);
      this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
      this.position += this.buffer.length;
      this.left -= records;
      this.at = 0;
    }
    this.record = read(this.view, this.at);
    this.at += bytes;
  }

  /** The bytes of the record it stands on, valid until it advances. */
  bytes(): Uint8Array {
    return this.buffer.subarray(this.at - this.kind.bytes, this.at);
  }
}

function readWhole(descriptor: number, path: string, bytes: number, position: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let got = 0; got < bytes;) {
    const more = readSync(descriptor, buffer, got, bytes - got, position + got);
    if (more === 0) {
      throw damaged(path, 'it ends too early');
    }
    got += more;
  }
  return buffer;
}

function parse(path: string, text: string): TallyHeader {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw damaged(path, 'its header is not JSON');
  }
  if (!Value.Check(TallyHeader, header)) {
    throw damaged(path, 'its header is not that of this version');
  }
  return header;
}

/** A tally that does not hold what it says. */
export function damaged(path: string, what: string): VeilError {
  return new VeilError(
    'bad_request',
    `${path} is damaged: ${what}.`,
    'Remove the folder it lies in and evaluate that part again.'
  );
}
