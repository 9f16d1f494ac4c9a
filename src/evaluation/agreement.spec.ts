import fc from 'fast-check';
import { Random } from '../numerics/random';
import { agreementImages, topOneAgreement, topOneInterval } from './agreement';
import { averagePrecision } from './average-precision';

const CASES = { seed: 20240607, numRuns: 60 };
const at = (x: number, score: number) => ({ x1: x, y1: 0, x2: x + 10, y2: 10, score });
const agreement = (...pairs: Parameters<typeof agreementImages>[0]) => averagePrecision(agreementImages(pairs)).ap;

describe('agreement of detections with a reference', () => {
  it('is 1 for the reference itself', () =>
    fc.assert(
      fc.property(fc.nat(), seed => {
        const random = new Random(seed);
        const run = () => Array.from({ length: 6 }, (_, i) => at(i * 20, random.uniform()));
        const runs = [[at(0, 0.5)], run(), run(), []];
        expect(agreement(...runs.map(reference => ({ reference, other: reference })))).toBe(1);
      }),
      CASES
    ));

  it('takes what the reference draws as truth, from a score of one half on', () => {
    const reference = [at(0, 0.9), at(20, 0.5), at(40, 0.49)];
    expect(agreement({ reference, other: [at(0, 0.2), at(20, 0.1)] })).toBe(1);
    expect(agreement({ reference, other: [at(0, 0.2)] })).toBe(0.5);
    expect(agreementImages([{ reference, other: [] }], 0.3)[0].truth).toHaveLength(3);
  });

  it('punishes being sure of what the reference does not draw', () => {
    const reference = [at(0, 0.9), at(40, 0.3)];
    expect(agreement({ reference, other: [at(0, 0.8), at(40, 0.7)] })).toBe(1);
    expect(agreement({ reference, other: [at(0, 0.7), at(40, 0.8)] })).toBe(0.5);
  });

  it('is undefined where the reference draws nothing', () => {
    expect(() => agreement({ reference: [at(0, 0.4)], other: [at(0, 0.4)] })).toThrow('nothing to be found');
  });
});

describe('top-1 agreement', () => {
  const pairs = [
    { reference: [0, 1, 0], other: Float32Array.of(-3, -1, -2) },
    { reference: [5, 1, 0], other: [2, 3, 1] },
    { reference: [2, 2, 1], other: [9, 0, 0] },
    { reference: [0, 0, 1], other: [0, 0, 1] }
  ];

  it('is the share of images with the same class on top', () => {
    expect(topOneAgreement(pairs)).toBe(0.75);
    const [low, high] = topOneInterval(Array.from({ length: 25 }, () => pairs).flat(), { seed: 1 });
    expect(Math.abs(low - (0.75 - 0.085))).toBeLessThan(0.02);
    expect(Math.abs(high - (0.75 + 0.085))).toBeLessThan(0.02);
  });

  it('refuses no images, other classes and scores that are not numbers', () => {
    expect(() => topOneAgreement([])).toThrow(RangeError);
    expect(() => topOneAgreement([{ reference: [1, 2], other: [1] }])).toThrow('2 and of 1 classes');
    expect(() => topOneAgreement([{ reference: [1, NaN], other: [1, 2] }])).toThrow('class 1');
  });
});
