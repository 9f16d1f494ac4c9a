import fc from 'fast-check';
import { nextBits, Random, splitMix } from './random';

const CASES = { seed: 20240607, numRuns: 60 };
const take = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the generators are those of their authors', () => {
  it('xoshiro128** from the state 1, 2, 3, 4', () => {
    const state = Uint32Array.of(1, 2, 3, 4);
    expect(take(10, () => nextBits(state))).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804
    ]);
  });

  it('SplitMix64 from the state 1234567', () => {
    expect(splitMix(1234567n, 5)).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n
    ]);
  });
});

describe('a stream of random numbers', () => {
  it('is the same for the same seed and stream, and another for any other', () => {
    const start = (seed: number, stream?: number) => {
      const random = new Random(seed, stream);
      return take(8, () => random.bits());
    };
    expect(start(3)).toEqual(start(3, 0));
    const starts = [start(3), start(4), start(3, 1), start(4, 1), start(2 ** 53 - 1), start(0)];
    expect(new Set(starts.map(String)).size).toBe(starts.length);
  });

  it('refuses a seed that is not an integer from 0 to 2^53-1', () => {
    for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
      expect(() => new Random(seed)).toThrow(RangeError);
    }
  });

  it('has the moments of the uniform distribution', () => {
    const random = new Random(1);
    const values = take(20000, () => random.uniform());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(Math.abs(mean(values) - 1 / 2)).toBeLessThan(0.01);
    expect(Math.abs(mean(values.map(value => value ** 2)) - 1 / 3)).toBeLessThan(0.01);
  });

  it('has the moments and the tails of the normal distribution', () => {
    const random = new Random(2);
    const values = take(40000, () => random.normal());
    const share = (beyond: number) => mean(values.map(value => (Math.abs(value) > beyond ? 1 : 0)));
    expect(Math.abs(mean(values))).toBeLessThan(0.02);
    expect(Math.abs(mean(values.map(value => value ** 2)) - 1)).toBeLessThan(0.03);
    expect(Math.abs(mean(values.map(value => value ** 4)) - 3)).toBeLessThan(0.2);
    expect(Math.abs(share(1) - 0.3173)).toBeLessThan(0.01);
    expect(Math.abs(share(2) - 0.0455)).toBeLessThan(0.005);
    expect(Math.abs(mean(values.slice(1).map((value, i) => value * values[i])))).toBeLessThan(0.02);
  });

  it('moves and widens a normal number, and fills an array with such', () => {
    const [random, wide, filled] = [new Random(5), new Random(5), new Random(5)];
    const values = take(5, () => random.normal());
    expect(take(5, () => wide.normal(3, 2))).toEqual(values.map(value => 3 + 2 * value));
    expect(filled.normals(5)).toEqual(Float32Array.from(values));
  });

  it('gives every integer below the bound equally often', () => {
    const random = new Random(6);
    const counts = new Array(7).fill(0);
    take(14000, () => counts[random.integer(7)]++);
    counts.forEach(count => expect(Math.abs(count - 2000)).toBeLessThan(180));
    expect(random.integer(1)).toBe(0);
    for (const below of [0, 1.5, 2 ** 32 + 1, NaN]) {
      expect(() => random.integer(below)).toThrow(RangeError);
    }
  });

  it('gives integers within any bound', () =>
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, below) => {
        const value = new Random(seed).integer(below);
        expect(Number.isInteger(value) && value >= 0 && value < below).toBe(true);
      }),
      CASES
    ));

  it('shuffles into another order of the same values and leaves the given ones alone', () =>
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.integer()), (seed, values) => {
        const before = [...values];
        const ascending = (a: number, b: number) => a - b;
        expect(new Random(seed).shuffle(values).sort(ascending)).toEqual([...values].sort(ascending));
        expect(values).toEqual(before);
      }),
      CASES
    ));

  it('shuffles into every order equally often', () => {
    const random = new Random(7);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle(['a', 'b', 'c']).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    counts.forEach(count => expect(Math.abs(count - 1000)).toBeLessThan(130));
  });
});
