import fc from 'fast-check';
import { Random } from '../numerics/random';
import { agreement, agreementInterval, topAgreement, topAgreementInterval } from './agreement';

const CASES = { seed: 20240607, numRuns: 60 };
const at = (x: number, score: number) => ({ x1: x, y1: 0, x2: x + 10, y2: 10, score });

describe('agreement of detections with a reference', () => {
  it('is 1 for the reference itself', () =>
    fc.assert(
      fc.property(fc.nat(), seed => {
        const random = new Random(seed);
        const run = () => Array.from({ length: 6 }, (_, i) => at(i * 20, random.uniform()));
        const runs = [[at(0, 0.5)], run(), run(), []];
        const pairs = runs.map(reference => ({ reference, detections: reference }));
        expect(agreement(pairs)).toBe(1);
        expect(agreementInterval(pairs, 0.5, { resamples: 20 })).toEqual([1, 1]);
      }),
      CASES
    ));

  it('takes what the reference draws as truth, from a score of one half on', () => {
    const reference = [at(0, 0.9), at(20, 0.5), at(40, 0.49)];
    expect(agreement([{ reference, detections: [at(0, 0.2), at(20, 0.1)] }])).toBe(1);
    expect(agreement([{ reference, detections: [at(0, 0.2)] }])).toBe(0.5);
    expect(agreement([{ reference, detections: [at(0, 0.2)] }], 0.3)).toBeCloseTo(1 / 3, 12);
  });

  it('punishes being sure of what the reference does not draw', () => {
    const reference = [at(0, 0.9), at(40, 0.3)];
    expect(agreement([{ reference, detections: [at(0, 0.8), at(40, 0.7)] }])).toBe(1);
    expect(agreement([{ reference, detections: [at(0, 0.7), at(40, 0.8)] }])).toBe(0.5);
  });

  it('is undefined where the reference draws nothing', () => {
    expect(() => agreement([{ reference: [at(0, 0.4)], detections: [at(0, 0.4)] }])).toThrow('nothing to be found');
  });
});

describe('top-1 agreement', () => {
  const pairs = [
    { reference: [0, 1, 0], scores: Float32Array.of(-3, -1, -2) },
    { reference: [5, 1, 0], scores: [2, 3, 1] },
    { reference: [2, 2, 1], scores: [9, 0, 0] },
    { reference: [0, 0, 1], scores: [0, 0, 1] }
  ];

  it('is the share of images with the same class on top', () => {
    expect(topAgreement(pairs)).toBe(0.75);
    const [low, high] = topAgreementInterval(Array.from({ length: 25 }, () => pairs).flat(), { seed: 1 });
    expect(Math.abs(low - (0.75 - 0.085))).toBeLessThan(0.02);
    expect(Math.abs(high - (0.75 + 0.085))).toBeLessThan(0.02);
  });

  it('refuses no images, other classes and scores that are not numbers', () => {
    expect(() => topAgreement([])).toThrow(RangeError);
    expect(() => topAgreement([{ reference: [1, 2], scores: [1] }])).toThrow('2 and of 1 classes');
    expect(() => topAgreement([{ reference: [1, NaN], scores: [1, 2] }])).toThrow('class 1');
  });
});
