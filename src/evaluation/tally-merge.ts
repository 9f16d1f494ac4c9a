import { RocScores, RocTotals, type RocScore } from './fddb-roc';
import { type CountedDetection, type RocStep, type TallyTotals } from './tally';
import { damaged, TallyFile, writeTallyFile, type Cursor, type TallyHeader } from './tally-file';

/** Bytes that all cursors of a merge keep in memory together. */
const BUFFERS = 32 * 2 ** 20;
const LEAST_BUFFER = 12 * 2 ** 10;
/** Records that are handed on at once. */
const CHUNK = 4096;
/** Bad records that are told; all are counted. */
export const TOLD_RECORDS = 100;

/** Which sections of all files belong to one figure. */
export type Wanted = (section: { fold: string; alpha: number | null }) => boolean;

export function totalsOf(files: readonly TallyFile[], wanted: Wanted): TallyTotals {
  const sum: TallyTotals = { images: 0, truth: 0, counted: 0, hits: 0, steps: 0 };
  files.flatMap(({ header }) => header.sections.filter(wanted)).forEach(section => addTo(sum, section));
  return sum;
}

function addTo(sum: TallyTotals, { images, truth, counted, hits, steps }: TallyTotals): void {
  sum.images += images;
  sum.truth += truth;
  sum.counted += counted;
  sum.hits += hits;
  sum.steps += steps;
}

/**
 * Average precision of the images behind the wanted sections, to the last bit that of `averagePrecision` on all of them at
 * once, however they are divided among files: the same sums in the same order. Records are taken from the lowest rank up,
 * because the envelope at a rank is the largest precision there or lower; what is found down to a rank follows from the totals.
 * Memory does not depend on the number of records.
 * @returns null without truth
 * @throws VeilError `bad_request` when a file does not hold what it says
 */
export function mergedAp(files: readonly TallyFile[], wanted: Wanted): number | null {
  const { truth, counted, hits } = totalsOf(files, wanted);
  let [found, after] = [hits, counted];
  let [area, best] = [0, 0];
  for (const { record } of inOrder(detectionsOf(files, wanted))) {
    best = Math.max(best, found / after);
    after--;
    if (record!.hit) {
      area += best;
      found--;
    }
  }
  if (found !== 0 || after !== 0) {
    throw damaged(files[0].path, 'it, or a tally beside it, finds more or less than its header says');
  }
  return truth === 0 ? null : area / truth;
}

/**
 * FDDB's discrete and continuous scores of the images behind the wanted sections, at the usual numbers of false positives; also
 * to the last bit the same however the images are divided.
 * @returns null without truth, and where no steps were kept
 */
export function mergedRoc(files: readonly TallyFile[], wanted: Wanted): RocScore[] | null {
  const { truth, steps } = totalsOf(files, wanted);
  if (truth === 0 || steps === 0) {
    return null;
  }
  const scores = new RocScores();
  const totals = new RocTotals(truth, point => scores.add(point));
  for (const { record } of inOrder(stepsOf(files, wanted))) {
    totals.add(record!);
  }
  totals.end();
  return scores.result();
}

/**
 * Put tallies together into one file; the parts stay.
 * @param paths of neighbouring parts, first to last
 */
export async function mergeTallyFiles(paths: readonly string[], to: string): Promise<void> {
  const files: TallyFile[] = [];
  try {
    paths.forEach(path => files.push(TallyFile.open(path)));
    const header = mergeHeaders(files.map(file => file.header));
    await writeTallyFile(to, header, mergedRecords(files, header));
  } finally {
    files.forEach(file => file.close());
  }
}

function mergeHeaders(headers: readonly TallyHeader[]): TallyHeader {
  const merged: TallyHeader = {
    schema: 1,
    from: headers[0].from,
    to: headers[headers.length - 1].to,
    seconds: headers.reduce((sum, { seconds }) => sum + seconds, 0),
    devices: [...new Set(headers.flatMap(({ devices }) => devices))],
    versions: Object.assign({}, ...headers.map(({ versions }) => versions)),
    sections: [],
    bad: [],
    bad_records: firstBad(headers)
  };
  for (const section of headers.flatMap(({ sections }) => sections)) {
    const known = merged.sections.find(({ fold, alpha }) => fold === section.fold && alpha === section.alpha);
    if (known) {
      addTo(known, section);
    } else {
      merged.sections.push({ ...section });
    }
  }
  for (const { fold, count } of headers.flatMap(({ bad }) => bad)) {
    const known = merged.bad.find(other => other.fold === fold);
    if (known) {
      known.count += count;
    } else {
      merged.bad.push({ fold, count });
    }
  }
  return merged;
}

/** In the order of the data set. Each header tells its first ones, so the first of all are among them. */
export function firstBad(headers: readonly TallyHeader[]): TallyHeader['bad_records'] {
  return headers
    .flatMap(({ bad_records }) => bad_records)
    .sort((a, b) => a.ordinal - b.ordinal)
    .slice(0, TOLD_RECORDS);
}

function* mergedRecords(files: readonly TallyFile[], { sections }: TallyHeader): Generator<Uint8Array> {
  for (const { fold, alpha } of sections) {
    const wanted: Wanted = section => section.fold === fold && section.alpha === alpha;
    yield* chunks(inOrder(detectionsOf(files, wanted)));
    yield* chunks(inOrder(stepsOf(files, wanted)));
  }
}

function* chunks(cursors: Iterable<Cursor<unknown>>): Generator<Uint8Array> {
  let chunk: Uint8Array[] = [];
  for (const cursor of cursors) {
    chunk.push(Uint8Array.from(cursor.bytes()));
    if (chunk.length === CHUNK) {
      yield Buffer.concat(chunk);
      chunk = [];
    }
  }
  yield Buffer.concat(chunk);
}

function detectionsOf(files: readonly TallyFile[], wanted: Wanted): Cursor<CountedDetection>[] {
  const { places, buffer } = placesOf(files, wanted);
  return places.map(({ file, n }) => file.counted(n, buffer));
}

function stepsOf(files: readonly TallyFile[], wanted: Wanted): Cursor<RocStep>[] {
  const { places, buffer } = placesOf(files, wanted);
  return places.map(({ file, n }) => file.steps(n, buffer));
}

function placesOf(files: readonly TallyFile[], wanted: Wanted): { places: { file: TallyFile; n: number }[]; buffer: number } {
  const places = files.flatMap(file => file.header.sections.flatMap((section, n) => (wanted(section) ? [{ file, n }] : [])));
  const buffer = Math.min(2 ** 18, Math.max(LEAST_BUFFER, Math.floor(BUFFERS / Math.max(1, places.length))));
  return { places, buffer };
}

/** Cursors in the order of their records, each standing on its next: a merge by a binary heap. */
function* inOrder<Item>(cursors: readonly Cursor<Item>[]): Generator<Cursor<Item>> {
  const heap = cursors.filter(({ record }) => record !== undefined);
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) {
    sink(heap, i);
  }
  while (heap.length > 0) {
    const [least] = heap;
    yield least;
    least.advance();
    if (least.record === undefined) {
      const last = heap.pop()!;
      if (heap.length === 0) {
        return;
      }
      heap[0] = last;
    }
    sink(heap, 0);
  }
}

function sink<Item>(heap: Cursor<Item>[], from: number): void {
  const before = (a: number, b: number) => heap[a].kind.order(heap[a].record!, heap[b].record!) < 0;
  for (let at = from; ;) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    let least = at;
    if (left < heap.length && before(left, least)) {
      least = left;
    }
    if (right < heap.length && before(right, least)) {
      least = right;
    }
    if (least === at) {
      return;
    }
    [heap[at], heap[least]] = [heap[least], heap[at]];
    at = least;
  }
}
