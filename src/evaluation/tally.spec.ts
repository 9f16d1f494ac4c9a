import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Random } from '../numerics/random';
import { averagePrecision, type ScoredImage } from './average-precision';
import { rocCurve, rocEvents, RocScores } from './fddb-roc';
import { Tally } from './tally';
import { TallyFile, writeTallyFile, type TallyHeader } from './tally-file';
import { mergedAp, mergedRoc, mergeTallyFiles, totalsOf } from './tally-merge';

const CASES = { seed: 20261121, numRuns: 40 };

let folder: string;
let made = 0;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'veilbook-tally-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** Boxes that overlap often, scores that are often equal, ignored truth, duplicates and images with nothing. */
function scene(seed: number): ScoredImage[] {
  const random = new Random(seed);
  const box = () => {
    const [x, y, side] = [random.integer(8) * 3, random.integer(2) * 3, 8 + random.integer(4)];
    return { x1: x, y1: y, x2: x + side, y2: y + side };
  };
  const some = <T>(most: number, make: () => T) => Array.from({ length: random.integer(most + 1) }, make);
  return Array.from({ length: 1 + random.integer(12) }, () => {
    const detections = some(8, () => ({ ...box(), score: Math.fround(random.integer(7) / 7) }));
    return {
      detections: random.integer(3) === 0 ? [...detections, ...detections] : detections,
      truth: some(4, () => ({ ...box(), ignore: random.integer(4) === 0 }))
    };
  });
}

/** The same with ellipses in place of boxes. */
const ellipseImage = ({ detections, truth }: ScoredImage) => ({
  detections,
  ellipses: truth
    .filter(({ ignore }) => !ignore)
    .map(({ x1, y1, x2, y2 }) => ({
      major: (y2 - y1) / 2,
      minor: (x2 - x1) / 2,
      angle: Math.PI / 2,
      x: (x1 + x2) / 2,
      y: (y1 + y2) / 2
    }))
});

const foldOf = (ordinal: number) => `fold-${ordinal % 3}`;

/** Tallies of the images whose ordinals are wanted, as one file. */
async function tallied(images: readonly ScoredImage[], wanted: (ordinal: number) => boolean): Promise<string> {
  const tallies = new Map<string, Tally>();
  images.forEach((image, ordinal) => {
    if (wanted(ordinal)) {
      const fold = foldOf(ordinal);
      tallies.set(fold, tallies.get(fold) ?? new Tally(fold, null));
      tallies.get(fold)!.add(ordinal, image);
      tallies.get(fold)!.addSteps(ordinal, ellipseImage(image));
    }
  });
  const all = [...tallies.values()];
  const header: TallyHeader = {
    schema: 1,
    from: 0,
    to: images.length,
    seconds: 1,
    devices: [],
    versions: {},
    sections: all.map(({ section }) => section),
    bad: [],
    bad_records: []
  };
  const path = join(folder, `${made++}.tally`);
  await writeTallyFile(
    path,
    header,
    all.flatMap(tally => [...tally.sorted()])
  );
  return path;
}

function withFiles<T>(paths: readonly string[], use: (files: TallyFile[]) => T): T {
  const files = paths.map(path => TallyFile.open(path));
  try {
    return use(files);
  } finally {
    files.forEach(file => file.close());
  }
}

const apOf = (paths: readonly string[], fold?: string) =>
  withFiles(paths, files => mergedAp(files, section => fold === undefined || section.fold === fold));

/** FDDB's scores by its curve over all images at once. */
function rocOf(images: readonly ScoredImage[]) {
  const events = images.flatMap(image => rocEvents(ellipseImage(image)));
  const truth = images.flatMap(image => ellipseImage(image).ellipses).length;
  if (truth === 0 || events.length === 0) {
    return null;
  }
  const scores = new RocScores();
  rocCurve(events, truth).forEach(point => scores.add(point));
  return scores.result();
}

const counts = (images: readonly ScoredImage[]) => images.some(({ truth }) => truth.some(({ ignore }) => !ignore));

describe('average precision from tallies', () => {
  it('is to the last bit that of all images at once, in one file or in shards, pooled and for each fold', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 5 }), async (seed, shards) => {
        const images = scene(seed);
        const whole = await tallied(images, () => true);
        const parts = await Promise.all(
          Array.from({ length: shards }, (_, shard) => tallied(images, ordinal => ordinal % shards === shard))
        );
        const expected = (some: ScoredImage[]) => (counts(some) ? averagePrecision(some).ap : null);
        expect(apOf([whole])).toBe(expected(images));
        expect(apOf(parts)).toBe(expected(images));
        const roc = (paths: string[]) => withFiles(paths, files => mergedRoc(files, () => true));
        expect(roc([whole])).toEqual(rocOf(images));
        expect(roc(parts)).toEqual(rocOf(images));
        for (const fold of new Set(images.map((_, ordinal) => foldOf(ordinal)))) {
          const some = images.filter((_, ordinal) => foldOf(ordinal) === fold);
          expect(apOf(parts, fold)).toBe(expected(some));
        }
      }),
      CASES
    ));

  it('is not changed by putting files together, in whatever steps', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (seed, cut) => {
        const images = scene(seed);
        const middle = cut % (images.length + 1);
        const parts = [await tallied(images, ordinal => ordinal < middle), await tallied(images, ordinal => ordinal >= middle)];
        const together = join(folder, `${made++}.tally`);
        await mergeTallyFiles(parts, together);
        expect(apOf([together])).toBe(apOf(parts));
        const every = () => true;
        expect(withFiles([together], files => mergedRoc(files, () => true))).toEqual(rocOf(images));
        withFiles([together], one => withFiles(parts, two => expect(totalsOf(one, every)).toEqual(totalsOf(two, every))));
      }),
      CASES
    ));

  it('keeps its order among equal scores over shards that finish in another one', async () => {
    const right = { truth: [{ x1: 0, y1: 0, x2: 10, y2: 10 }], detections: [{ x1: 0, y1: 0, x2: 10, y2: 10, score: 0.5 }] };
    const wrong = { truth: [], detections: right.detections };
    const parts = await Promise.all([0, 1].map(shard => tallied([right, wrong], ordinal => ordinal === shard)));
    expect(apOf(parts)).toBe(1);
    expect(apOf(parts.reverse())).toBe(1);
  });

  it('is null without truth, and 0 where nothing is found', async () => {
    const face = { x1: 0, y1: 0, x2: 10, y2: 10 };
    expect(
      apOf([await tallied([{ truth: [{ ...face, ignore: true }], detections: [{ ...face, score: 0.5 }] }], () => true)])
    ).toBe(null);
    expect(apOf([await tallied([{ truth: [face], detections: [] }], () => true)])).toBe(0);
    expect(apOf([await tallied([], () => true)])).toBe(null);
  });

  it('reads more records than a cursor keeps in memory', async () => {
    const random = new Random(3);
    const face = { x1: 0, y1: 0, x2: 10, y2: 10 };
    const images = Array.from({ length: 300 }, () => ({
      truth: [face],
      detections: Array.from({ length: 200 }, () => ({ ...face, score: Math.fround(random.uniform()) }))
    }));
    expect(apOf([await tallied(images, () => true)])).toBe(averagePrecision(images).ap);
  });
});

describe('a tally file that is not whole', () => {
  const face = { x1: 0, y1: 0, x2: 10, y2: 10 };
  const some = [{ truth: [face], detections: [{ ...face, score: 0.5 }] }];

  it.each([
    ['cut', (path: string) => truncateSync(path, readFileSync(path).length - 4), 'does not end where'],
    ['empty', (path: string) => writeFileSync(path, ''), 'ends too early'],
    ['something else', (path: string) => writeFileSync(path, 'a text that is no tally at all'), 'does not begin'],
    [
      'of other counts',
      (path: string) => writeFileSync(path, readFileSync(path).toString('latin1').replace('"hits":1', '"hits":0'), 'latin1'),
      'finds more or less'
    ]
  ])('is told: %s', async (_, break_, words) => {
    const path = await tallied(some, () => true);
    break_(path);
    expect(() => apOf([path])).toThrow(words);
  });
});
