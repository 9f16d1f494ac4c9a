import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Random } from '../numerics/random';
import { ellipseBounds, readFddb, type Ellipse } from './datasets';
import { rocCurve, rocEvents, RocScores, type EllipseImage, type RocEvent } from './fddb-roc';
import { GrowingMatching } from './fddb-roc-matching';
import { ellipseBoxArea, ellipseOverlap } from './fddb-roc-overlap';

const FDDB = join(__dirname, '../../../shared/data/fddb-annotations');
const CASES = { seed: 20240607, numRuns: 100 };
const seeds = (property: (random: Random) => void, cases = CASES) =>
  fc.assert(
    fc.property(fc.nat(), seed => property(new Random(seed))),
    cases
  );

const between = (random: Random, low: number, high: number) => low + (high - low) * random.uniform();
const anyEllipse = (random: Random): Ellipse => ({
  major: between(random, 5, 80),
  minor: between(random, 5, 80),
  angle: between(random, -4, 4),
  x: between(random, 0, 200),
  y: between(random, 0, 200)
});
function anyBox(random: Random) {
  const [x1, y1] = [between(random, -50, 200), between(random, -50, 200)];
  return { x1, y1, x2: x1 + between(random, 0, 150), y2: y1 + between(random, 0, 150) };
}

/** Sum over thin horizontal strips of what ellipse and rectangle have of each. */
function byStrips({ major, minor, angle, x, y }: Ellipse, box: ReturnType<typeof anyBox>, strips = 5_000): number {
  const high = (box.y2 - box.y1) / strips;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  let area = 0;
  for (let i = 0; i < strips; i++) {
    const dy = box.y1 + (i + 0.5) * high - y;
    // A dx^2 + 2 B dx + C = 0 where the ellipse crosses the strip.
    const a = (cos / major) ** 2 + (sin / minor) ** 2;
    const b = dy * sin * cos * (1 / major ** 2 - 1 / minor ** 2);
    const c = dy * dy * ((sin / major) ** 2 + (cos / minor) ** 2) - 1;
    const half = Math.sqrt(Math.max(0, b * b - a * c)) / a;
    area += high * Math.max(0, Math.min(box.x2, x - b / a + half) - Math.max(box.x1, x - b / a - half));
  }
  return area;
}

describe('the area that an ellipse and a rectangle have in common', () => {
  const circle = { major: 10, minor: 10, angle: 0.3, x: 50, y: 50 };

  it('is known for a circle, its halves, its quarters and squares in it', () => {
    const area = (x1: number, y1: number, x2: number, y2: number) => ellipseBoxArea(circle, { x1, y1, x2, y2 });
    expect(area(0, 0, 100, 100)).toBeCloseTo(100 * Math.PI, 9);
    expect(area(0, 0, 50, 100)).toBeCloseTo(50 * Math.PI, 9);
    expect(area(50, 50, 100, 100)).toBeCloseTo(25 * Math.PI, 9);
    expect(area(47, 47, 53, 53)).toBeCloseTo(36, 9);
    expect(area(61, 0, 100, 100)).toBe(0);
    expect(area(0, 0, 41, 41)).toBe(0);
    expect(ellipseOverlap(circle, { x1: 40, y1: 40, x2: 60, y2: 60 })).toBeCloseTo(Math.PI / 4, 12);
  });

  it('is what thin strips of it add up to, to 1e-5 of the ellipse', () =>
    seeds(
      random => {
        const [ellipse, box] = [anyEllipse(random), anyBox(random)];
        const whole = Math.PI * ellipse.major * ellipse.minor;
        expect(Math.abs(ellipseBoxArea(ellipse, box) - byStrips(ellipse, box)) / whole).toBeLessThan(1e-5);
      },
      { ...CASES, numRuns: 30 }
    ));

  it('is what it has with the parts of the rectangle, to 1e-12 of the ellipse, however large the rectangle', () =>
    seeds(random => {
      const [ellipse, { x1, y1, x2, y2 }] = [anyEllipse(random), anyBox(random)];
      const [x, y] = [between(random, x1, x2), between(random, y1, y2)];
      const far = 1e6;
      const parts = [
        { x1: -far, y1: -far, x2: x, y2: y },
        { x1: x, y1: -far, x2: far, y2: y },
        { x1: -far, y1: y, x2: x, y2: far },
        { x1: x, y1: y, x2: far, y2: far }
      ];
      const whole = Math.PI * ellipse.major * ellipse.minor;
      const sum = parts.reduce((total, part) => total + ellipseBoxArea(ellipse, part), 0);
      expect(Math.abs(sum / whole - 1)).toBeLessThan(1e-12);
    }));

  it('does not count what lies outside the photograph', () => {
    const atEdge = { ...circle, x: 0, y: 50 };
    const right = { x1: 0, y1: 40, x2: 10, y2: 60 };
    const reaching = { ...right, x1: -500 };
    const frame = { width: 100, height: 100 };
    expect(ellipseOverlap(atEdge, right, frame)).toBeCloseTo(Math.PI / 4, 12);
    expect(ellipseOverlap(atEdge, reaching, frame)).toBeCloseTo(Math.PI / 4, 12);
    expect(ellipseOverlap(atEdge, right)).toBeCloseTo((50 * Math.PI) / (200 + 50 * Math.PI), 12);
  });

  it('of faces of 40 pixels and more gives overlaps within 0.05 of those on whole pixels', () =>
    seeds(
      random => {
        const ellipse = { ...anyEllipse(random), major: between(random, 20, 70), minor: between(random, 20, 50) };
        const { x1, y1, x2, y2 } = ellipseBounds(ellipse.major, ellipse.minor, ellipse.angle, ellipse.x, ellipse.y);
        const moved = (value: number) => value + between(random, -15, 15);
        const box = { x1: moved(x1), y1: moved(y1), x2: moved(x2), y2: moved(y2) };
        const frame = { width: 250, height: 250 };
        expect(Math.abs(ellipseOverlap(ellipse, box, frame) - onPixels(ellipse, box, frame))).toBeLessThan(0.05);
      },
      { ...CASES, numRuns: 20 }
    ));
});

/** As FDDB's program paints: whole centre, radii cut to whole pixels, whole degrees; a rectangle with both its rounded ends. */
function onPixels(
  ellipse: Ellipse,
  box: ReturnType<typeof anyBox>,
  { width, height }: { width: number; height: number }
): number {
  const angle = (Math.round((ellipse.angle * 180) / Math.PI) * Math.PI) / 180;
  const [major, minor] = [Math.trunc(ellipse.major), Math.trunc(ellipse.minor)];
  const [cos, sin, cx, cy] = [Math.cos(angle), Math.sin(angle), Math.round(ellipse.x), Math.round(ellipse.y)];
  const [x1, y1, x2, y2] = [box.x1, box.y1, box.x2, box.y2].map(Math.round);
  let both = 0;
  let either = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const along = ((x - cx) * cos + (y - cy) * sin) / major;
      const across = ((y - cy) * cos - (x - cx) * sin) / minor;
      const drawn = along * along + across * across <= 1;
      const found = x >= x1 && x <= x2 && y >= y1 && y <= y2;
      both += drawn && found ? 1 : 0;
      either += drawn || found ? 1 : 0;
    }
  }
  return both / either;
}

/** The matching with the largest total of all there are. */
function bestMatching(rows: readonly Float64Array[], taken: ReadonlySet<number> = new Set()): number[] {
  if (rows.length === 0) {
    return [];
  }
  const [first, ...others] = rows;
  const ways = [bestMatching(others, taken)];
  first.forEach((weight, truth) => {
    if (weight > 0 && !taken.has(truth)) {
      ways.push([weight, ...bestMatching(others, new Set([...taken, truth]))]);
    }
  });
  return ways.reduce((best, way) => (sum(way) > sum(best) + 1e-12 ? way : best));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('a growing matching', () => {
  it('has the largest total of all matchings after every detection, ties and nothing in common among them', () =>
    seeds(random => {
      const truth = random.integer(5);
      const matching = new GrowingMatching(truth);
      const rows: Float64Array[] = [];
      for (let i = 0; i < 6; i++) {
        rows.push(Float64Array.from({ length: truth }, () => (random.integer(3) === 0 ? 0 : random.integer(20) / 20)));
        matching.add(rows[i]);
        expect(sum(matching.weights)).toBeCloseTo(sum(bestMatching(rows)), 9);
      }
    }));

  it('can lose a match above one half to two below it', () => {
    const matching = new GrowingMatching(2);
    matching.add(Float64Array.of(0.6, 0.45));
    expect(matching.weights).toEqual([0.6]);
    matching.add(Float64Array.of(0.4, 0));
    expect(matching.weights).toEqual([0.4, 0.45]);
  });
});

const circleAt = (x: number): Ellipse => ({ major: 10, minor: 10, angle: 0, x, y: 50 });
const square = (x: number, score: number) => ({ x1: x - 10, y1: 40, x2: x + 10, y2: 60, score });

/** Few ellipses, and detections near them, duplicates and equal scores among them. */
function scene(random: Random): EllipseImage {
  const ellipses = Array.from({ length: random.integer(4) }, () => anyEllipse(random));
  const detections = Array.from({ length: random.integer(6) }, () => {
    const near = ellipses[random.integer(ellipses.length + 1)] ?? anyEllipse(random);
    const bounds = ellipseBounds(near.major, near.minor, near.angle, near.x, near.y);
    const off = between(random, -8, 8);
    return { ...bounds, x1: bounds.x1 + Math.min(0, off), x2: bounds.x2 + Math.max(0, off), score: random.integer(5) / 5 };
  });
  const more = detections.length > 0 && random.integer(2) === 0 ? [{ ...detections[0] }] : [];
  return { detections: [...detections, ...more], ellipses, width: 220, height: 180 };
}

/** The definition, word by word: at each score that occurs everything with at least that score is matched anew. */
function byDefinition(images: readonly EllipseImage[]) {
  const scores = [...new Set(images.flatMap(({ detections }) => detections.map(({ score }) => score)))].sort((a, b) => b - a);
  const truth = sum(images.map(({ ellipses }) => ellipses.length));
  return scores.map(score => {
    let [truePositives, falsePositives, overlap] = [0, 0, 0];
    for (const { detections, ellipses, width, height } of images) {
      const valid = detections.filter(detection => detection.score >= score);
      const frame = { width: width!, height: height! };
      const rows = valid.map(detection => Float64Array.from(ellipses, ellipse => ellipseOverlap(ellipse, detection, frame)));
      const matches = bestMatching(rows);
      const found = matches.filter(match => match > 0.5).length;
      truePositives += found;
      falsePositives += valid.length - found;
      overlap += sum(matches);
    }
    return { score, truePositives, falsePositives, overlap, discrete: truePositives / truth, continuous: overlap / truth };
  });
}

describe("FDDB's curves", () => {
  it('are, by hand, those of two faces, one found well, one badly, and a box on nothing', () => {
    const image = { ellipses: [circleAt(50), circleAt(100)], detections: [square(200, 0.8), square(50, 0.9), square(110, 0.7)] };
    const half = ellipseOverlap(circleAt(100), square(110, 1));
    expect(half).toBeLessThan(0.5);
    const events = rocEvents(image);
    expect(events.map(({ score, truePositives, falsePositives }) => [score, truePositives, falsePositives])).toEqual([
      [0.9, 1, 0],
      [0.8, 0, 1],
      [0.7, 0, 1]
    ]);
    const last = rocCurve(events, 2).at(-1)!;
    expect([last.truePositives, last.falsePositives, last.discrete]).toEqual([1, 2, 0.5]);
    expect(last.continuous).toBeCloseTo((Math.PI / 4 + half) / 2, 12);
  });

  it('are what the definition says, merged of photographs in any order', () =>
    seeds(random => {
      const images = [...Array.from({ length: 4 }, () => scene(random)), { ellipses: [circleAt(50)], detections: [] }];
      const truth = sum(images.map(({ ellipses }) => ellipses.length));
      const curve = rocCurve(random.shuffle(images).flatMap(rocEvents), truth);
      const wanted = byDefinition(images);
      expect(curve.map(({ score, truePositives, falsePositives }) => [score, truePositives, falsePositives])).toEqual(
        wanted.map(({ score, truePositives, falsePositives }) => [score, truePositives, falsePositives])
      );
      curve.forEach(({ continuous }, i) => expect(continuous).toBeCloseTo(wanted[i].continuous, 9));
    }));

  it('are read at numbers of false positives', () => {
    const image = { ellipses: [circleAt(50), circleAt(100)], detections: [square(50, 0.9), square(200, 0.8), square(100, 0.7)] };
    const scores = new RocScores([0, 1, 5]);
    rocCurve(rocEvents(image), 2).forEach(point => scores.add(point));
    expect(scores.result().map(({ falsePositives, discrete }) => [falsePositives, discrete])).toEqual([
      [0, 0.5],
      [1, 1],
      [5, 1]
    ]);
    expect(new RocScores().result()[0]).toEqual({ falsePositives: 100, discrete: 0, continuous: 0 });
  });

  const name = 'of the rectangles around the ellipses of FDDB find all faces, with the overlap of one and the other';
  (existsSync(FDDB) ? it : it.skip)(existsSync(FDDB) ? name : `${name} (no ../shared/data/fddb-annotations here)`, async () => {
    const events: RocEvent[] = [];
    let [faces, continuous] = [0, 0];
    for (const { truth, ellipses } of await readFddb(FDDB)) {
      events.push(...rocEvents({ ellipses: ellipses!, detections: truth.map(box => ({ ...box, score: 1 })) }));
      faces += truth.length;
      continuous += ellipses!.reduce((total, ellipse, i) => total + ellipseOverlap(ellipse, truth[i]), 0);
    }
    const curve = rocCurve(events, faces);
    expect(curve).toHaveLength(1);
    expect(curve[0]).toMatchObject({ truePositives: 5171, falsePositives: 0, discrete: 1 });
    expect(curve[0].continuous).toBeCloseTo(continuous / faces, 9);
  });

  it('refuse a data set without faces and detections that are none', () => {
    expect(() => rocCurve([], 0)).toThrow('nothing to be found');
    expect(() => rocEvents({ ellipses: [], detections: [{ ...square(1, 1), x2: NaN }] })).toThrow('is no detection');
  });
});
