import { SeenNames } from './seen-names';
import { type DatasetFold, type DatasetRecord, type FoldSource, type Reading } from './types';

/**
 * Number the records of all folds, and take a photograph that occurred before, in the same fold or an earlier one, for a
 * bad record. A fold needs to know how many records the earlier ones have, and which photographs: they are read for it
 * once, where nobody has read them before. Held is 64 bits of hash for each photograph.
 */
export function numberedFolds(sources: readonly FoldSource[]): DatasetFold[] {
  /** Of each fold that has been read to its end. */
  const known: { records: number; names: SeenNames }[] = [];
  const records = async function* (index: number): AsyncGenerator<DatasetRecord> {
    while (known.length < index) {
      await readToEnd(records(known.length));
    }
    const before = known.slice(0, index);
    const first = before.reduce((sum, fold) => sum + fold.records, 0);
    const names = new SeenNames();
    let ordinal = first;
    for await (const reading of sources[index].read()) {
      yield recordOf(reading, ordinal++, path => before.some(fold => fold.names.has(path)) || !names.add(path));
    }
    known[index] ??= { records: ordinal - first, names };
  };
  return sources.map(({ name }, index) => ({ name, records: () => records(index) }));
}

function recordOf(reading: Reading, ordinal: number, seen: (path: string) => boolean): DatasetRecord {
  if (!reading.photograph) {
    return { ordinal, bad: { place: reading.place, message: reading.message } };
  }
  const { photograph, place } = reading;
  return seen(photograph.path)
    ? { ordinal, bad: { place, message: `the photograph ${photograph.path} was there before` } }
    : { ordinal, photograph };
}

async function readToEnd(records: AsyncIterable<unknown>): Promise<void> {
  const iterator = records[Symbol.asyncIterator]();
  while (!(await iterator.next()).done) {
    continue;
  }
}
