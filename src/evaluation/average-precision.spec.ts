import fc from 'fast-check';
import { Random } from '../numerics/random';
import { averagePrecision, averagePrecisionInterval, overlap, rank, rankingAp, type ScoredImage } from './average-precision';

const CASES = { seed: 20240607, numRuns: 100 };

const box = (x: number, y: number, side = 10) => ({ x1: x, y1: y, x2: x + side, y2: y + side });
const seen = (score: number, x: number, y = 0, side?: number) => ({ ...box(x, y, side), score });

/** Boxes that overlap often, with distinct scores. */
function scene(seed: number, images = 4): ScoredImage[] {
  const random = new Random(seed);
  const scatter = () => box(random.integer(8) * 3, random.integer(2) * 3, 8 + random.integer(4));
  const some = <T>(most: number, make: () => T) => Array.from({ length: random.integer(most + 1) }, make);
  const scenes = Array.from({ length: images }, () => ({
    detections: some(8, () => ({ ...scatter(), score: random.uniform() })),
    truth: some(4, () => ({ ...scatter(), ignore: random.integer(5) === 0 }))
  }));
  return [...scenes, { detections: [], truth: [box(0, 0)] }];
}

/** The definition, word by word: for each found truth the best precision among all cuts that find at least as many. */
function byDefinition(images: ScoredImage[], iou: number): number {
  const all = images.flatMap(image => image.detections.map(detection => ({ image, detection })));
  const cuts = all.map(({ detection }) => detection.score);
  const points = cuts.map(cut => {
    let [found, counted] = [0, 0];
    for (const { detections, truth } of images) {
      const left = new Set(truth);
      for (const detection of detections.filter(({ score }) => score >= cut).sort((a, b) => b.score - a.score)) {
        const overlaps = truth.map(other => overlap(detection, other));
        const nearest = truth[overlaps.indexOf(Math.max(...overlaps))];
        const near = truth.length > 0 && Math.max(...overlaps) >= iou;
        if (near && nearest.ignore) {
          continue;
        }
        counted++;
        found += near && left.delete(nearest) ? 1 : 0;
      }
    }
    return { found, precision: counted ? found / counted : 0 };
  });
  const truth = images.flatMap(image => image.truth).filter(({ ignore }) => !ignore).length;
  let area = 0;
  for (let k = 1; k <= truth; k++) {
    area += Math.max(0, ...points.filter(({ found }) => found >= k).map(({ precision }) => precision)) / truth;
  }
  return area;
}

describe('average precision, by hand', () => {
  it('takes the envelope of the curve at all points', () => {
    const images = [
      { truth: [box(0, 0), box(100, 0)], detections: [seen(0.9, 0), seen(0.8, 50), seen(0.5, 100)] },
      { truth: [box(0, 0), box(100, 0)], detections: [seen(0.7, 0), seen(0.6, 50)] }
    ];
    const { ap, recall, curve } = averagePrecision(images);
    // Found at ranks 1, 3 and 5 of 5, one missed: 1/4 (1 + 2/3 + 3/5).
    expect(ap).toBeCloseTo((1 + 2 / 3 + 3 / 5) / 4, 12);
    expect(recall).toBe(0.75);
    expect(curve).toEqual([
      { score: 0.9, recall: 0.25, precision: 1 },
      { score: 0.8, recall: 0.25, precision: 1 / 2 },
      { score: 0.7, recall: 0.5, precision: 2 / 3 },
      { score: 0.6, recall: 0.5, precision: 2 / 4 },
      { score: 0.5, recall: 0.75, precision: 3 / 5 }
    ]);
  });

  it('lifts an early dip to what comes later', () => {
    const images = [{ truth: [box(0, 0), box(100, 0)], detections: [seen(0.9, 50), seen(0.8, 0), seen(0.7, 100)] }];
    expect(averagePrecision(images).ap).toBeCloseTo(2 / 3, 12);
  });

  it('is 1 for the truth itself and 0 for nothing', () => {
    const truth = [box(0, 0), box(100, 0)];
    expect(averagePrecision([{ truth, detections: [seen(0.2, 0), seen(0.1, 100)] }]).ap).toBe(1);
    expect(averagePrecision([{ truth, detections: [] }])).toEqual({ ap: 0, recall: 0, curve: [] });
  });

  it('counts a second detection of one face as false', () => {
    const detections = [seen(0.9, 0), seen(0.8, 1), seen(0.7, 100)];
    expect(averagePrecision([{ truth: [box(0, 0), box(100, 0)], detections }]).ap).toBeCloseTo((1 + 2 / 3) / 2, 12);
  });

  it('does not let a duplicate take the next best truth', () => {
    // Both overlap the first truth most; the second truth, overlapped by 6/14 and 7/13, stays unfound.
    const truth = [box(0, 0), box(5, 0)];
    const detections = [seen(0.9, 1), seen(0.8, 2)];
    expect(averagePrecision([{ truth, detections }], 0.4).recall).toBe(0.5);
  });

  it('takes an overlap of exactly the limit as found', () => {
    const image = { truth: [box(0, 0)], detections: [{ x1: 0, y1: 0, x2: 5, y2: 10, score: 0.9 }] };
    expect(averagePrecision([image], 0.5).ap).toBe(1);
    expect(averagePrecision([image], 0.51).ap).toBe(0);
  });

  it('neither counts nor punishes ignored truth, found once, twice or never', () => {
    const truth = [box(0, 0), { ...box(100, 0), ignore: true }, { ...box(200, 0), ignore: true }];
    const detections = [seen(0.9, 100), seen(0.8, 101), seen(0.7, 0)];
    expect(averagePrecision([{ truth, detections }])).toEqual({
      ap: 1,
      recall: 1,
      curve: [{ score: 0.7, recall: 1, precision: 1 }]
    });
  });

  it('keeps the order of images among equal scores', () => {
    const right = { truth: [box(0, 0)], detections: [seen(0.5, 0)] };
    const wrong = { truth: [], detections: [seen(0.5, 0)] };
    expect(averagePrecision([right, wrong]).ap).toBe(1);
    expect(averagePrecision([wrong, right]).ap).toBe(0.5);
  });

  it('refuses images without truth, numbers that are not finite, swapped sides and impossible overlaps', () => {
    const truth = [box(0, 0)];
    expect(() => averagePrecision([{ truth: [], detections: [seen(0.5, 0)] }])).toThrow('nothing to be found');
    expect(() => averagePrecision([])).toThrow(RangeError);
    expect(() => averagePrecision([{ truth, detections: [seen(NaN, 0)] }])).toThrow('is no box');
    expect(() => averagePrecision([{ truth: [{ x1: 2, y1: 0, x2: 1, y2: 1 }], detections: [] }])).toThrow('is no box');
    expect(() => averagePrecision([{ truth, detections: [] }], 0)).toThrow(RangeError);
  });
});

describe('average precision, of any images', () => {
  const holds = (property: (images: ScoredImage[], seed: number) => void) =>
    fc.assert(
      fc.property(fc.nat(), seed => property(scene(seed), seed)),
      CASES
    );

  it('is what the definition says', () =>
    holds(images => expect(averagePrecision(images, 0.4).ap).toBeCloseTo(byDefinition(images, 0.4), 12)));

  it('depends on the order of scores alone, and not on that of images', () =>
    holds((images, seed) => {
      const { ap } = averagePrecision(images, 0.4);
      const squashed = images.map(({ detections, truth }) => ({
        truth,
        detections: detections.map(detection => ({ ...detection, score: Math.sqrt(detection.score) / 2 }))
      }));
      expect(averagePrecision(squashed, 0.4).ap).toBe(ap);
      expect(averagePrecision(new Random(seed).shuffle(images), 0.4).ap).toBeCloseTo(ap, 12);
    }));

  it('is not lowered by a false detection below all others, nor raised by one above', () =>
    holds(images => {
      const { ap } = averagePrecision(images, 0.4);
      const nowhere = (score: number) => [...images, { truth: [], detections: [seen(score, 0)] }];
      expect(averagePrecision(nowhere(-1), 0.4).ap).toBe(ap);
      expect(averagePrecision(nowhere(2), 0.4).ap).toBeLessThanOrEqual(ap);
    }));

  it('of a resample is that of its images, copied', () =>
    holds((images, seed) => {
      const random = new Random(seed);
      const times = Uint32Array.from(images, () => random.integer(4));
      times[images.length - 1]++;
      const copies = images.flatMap((image, i) => new Array<ScoredImage>(times[i]).fill(image));
      expect(rankingAp(rank(images, 0.4), times)).toBeCloseTo(averagePrecision(copies, 0.4).ap, 12);
    }));
});

describe('its interval', () => {
  it('holds the value, repeats with its seed and narrows with more images', () => {
    const few = scene(11, 30);
    const many = Array.from({ length: 8 }, (_, i) => scene(100 + i, 30)).flat();
    const width = ([low, high]: [number, number]) => high - low;
    const interval = averagePrecisionInterval(few, 0.4, { seed: 5 });
    const { ap } = averagePrecision(few, 0.4);
    expect(interval[0]).toBeLessThan(ap);
    expect(interval[1]).toBeGreaterThan(ap);
    expect(averagePrecisionInterval(few, 0.4, { seed: 5 })).toEqual(interval);
    expect(averagePrecisionInterval(few, 0.4, { seed: 6 })).not.toEqual(interval);
    expect(width(averagePrecisionInterval(many, 0.4, { seed: 5 }))).toBeLessThan(width(interval) / 2);
  });

  it('leaves resamples without truth out', () => {
    const empty = { truth: [], detections: [] };
    expect(averagePrecisionInterval([{ truth: [box(0, 0)], detections: [seen(0.9, 0)] }, empty, empty])).toEqual([1, 1]);
    expect(() => averagePrecisionInterval([empty])).toThrow('undefined on');
  });
});
