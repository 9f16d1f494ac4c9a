import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadDetector } from '../models';
import { Random } from '../numerics/random';
import { decodeImage } from '../pipeline/codec';
import { Detector } from '../pipeline/detector';
import { readFddb, type LabelledPhotograph } from './datasets';
import { evaluateDetector, retainedAp } from './retained';

const face = (x: number) => ({ x1: x, y1: 0, x2: x + 10, y2: 10 });
const dataset: LabelledPhotograph[] = Array.from({ length: 30 }, (_, i) => ({
  path: `${i}.jpg`,
  truth: i % 3 === 0 ? [] : [face(0), face(50)]
}));

/** Finds each face with a probability, and makes up one with the other. */
const detector = (seed: number, reliable: number) => async (path: string) => {
  const random = new Random(seed, parseInt(path));
  return [0, 50].map(x => {
    const right = random.uniform() < reliable;
    return { ...face(right ? x : x + 200), score: random.uniform() * (right ? 1 : 0.6) };
  });
};

describe('the evaluation of a detector', () => {
  it('runs it on every photograph in turn and gives its average precision with an interval', async () => {
    const seen: string[] = [];
    const done: number[] = [];
    const run = detector(1, 0.8);
    const result = await evaluateDetector(path => (seen.push(path), run(path)), dataset, {
      seed: 4,
      progress: count => done.push(count)
    });
    expect(seen).toEqual(dataset.map(({ path }) => path));
    expect(done.at(-1)).toBe(30);
    expect(result.images).toHaveLength(30);
    expect(result.interval[0]).toBeLessThan(result.ap);
    expect(result.interval[1]).toBeGreaterThan(result.ap);
    const again = await evaluateDetector(run, dataset, { seed: 4 });
    expect(again).toEqual(result);
  });

  it('goes on with what a run throws', async () => {
    const failing = () => Promise.reject(new Error('no such photograph'));
    await expect(evaluateDetector(failing, dataset)).rejects.toThrow('no such photograph');
  });
});

describe('retained average precision', () => {
  const runs = async () => {
    const [clean, noisy] = await Promise.all([0.9, 0.7].map(reliable => evaluateDetector(detector(2, reliable), dataset)));
    return [clean, noisy];
  };

  it('is noisy / clean, 1 for the same run, whatever the resample', async () => {
    const [clean, noisy] = await runs();
    expect(retainedAp(clean.images, noisy.images).retained).toBeCloseTo(noisy.ap / clean.ap, 12);
    expect(retainedAp(clean.images, clean.images)).toEqual({ retained: 1, interval: [1, 1], clean: clean.ap, noisy: clean.ap });
  });

  it('has an interval that pairs images, narrower than that of runs that have nothing to do with each other', async () => {
    const [clean, noisy] = await runs();
    const width = ([low, high]: [number, number]) => high - low;
    const paired = retainedAp(clean.images, noisy.images, { seed: 1 });
    expect(paired.interval[0]).toBeLessThan(paired.retained);
    expect(paired.interval[1]).toBeGreaterThan(paired.retained);
    const apart = Math.hypot(width(noisy.interval) / noisy.ap, width(clean.interval) / clean.ap) * paired.retained;
    expect(width(paired.interval)).toBeLessThan(apart);
  });

  it('is refused to other images and to a clean detector that finds nothing', async () => {
    const [clean, noisy] = await runs();
    expect(() => retainedAp(clean.images, noisy.images.slice(1))).toThrow('the same images');
    const blind = clean.images.map(({ truth }) => ({ truth, detections: [] }));
    expect(() => retainedAp(blind, noisy.images)).toThrow('nothing to retain');
  });
});

const faces = join(__dirname, '../../../shared/data/faces/val');
const onFaces = (name: string, test: () => Promise<void>) =>
  existsSync(faces) ? it(name, test) : it.skip(`${name} (no ../shared/data/faces/val here)`, () => undefined);

onFaces('the bundled model finds most faces of some validation photographs', async () => {
  const detector = await Detector.open(await loadDetector(), { kind: 'cpu', index: 0 }, 1);
  const context = { device: 'cpu', notices: [], checkpoint: () => undefined };
  try {
    const { ap, interval } = await evaluateDetector(
      async path => {
        const frame = await decodeImage(await readFile(path), path);
        const request = { image: path, frame, options: { mode: 'clean' as const }, pictures: [], activation: false };
        return (await detector.detect(request, context)).result.detections;
      },
      (await readFddb(faces)).slice(0, 12)
    );
    expect(ap).toBeGreaterThan(0.5);
    expect(interval[0]).toBeLessThanOrEqual(ap);
    expect(interval[1]).toBeGreaterThanOrEqual(ap);
  } finally {
    await detector.release();
  }
});
