import { Random } from '../numerics/random';
import { bootstrapInterval } from './bootstrap';

const average = (values: readonly number[]) => (times: Uint32Array) =>
  values.reduce((sum, value, i) => sum + value * times[i], 0) / values.length;

describe('an interval by bootstrap', () => {
  it('of a mean is close to mean -+ 1.96 standard errors', () => {
    const random = new Random(1);
    const values = Array.from({ length: 400 }, () => random.normal(2, 1));
    const mean = values.reduce((a, b) => a + b) / 400;
    const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / 400;
    const [low, high] = bootstrapInterval(values.length, average(values), { seed: 3, resamples: 4000 });
    expect(Math.abs((low - mean) / error + 1.96)).toBeLessThan(0.12);
    expect(Math.abs((high - mean) / error - 1.96)).toBeLessThan(0.12);
  });

  it('holds the true mean about 95 times in 100', () => {
    let held = 0;
    for (let trial = 0; trial < 300; trial++) {
      const random = new Random(9, trial);
      const values = Array.from({ length: 50 }, () => random.normal());
      const [low, high] = bootstrapInterval(values.length, average(values), { seed: trial, resamples: 300 });
      held += low <= 0 && high >= 0 ? 1 : 0;
    }
    expect(held / 300).toBeGreaterThan(0.9);
    expect(held / 300).toBeLessThan(0.98);
  });

  it('is refused to nothing at all', () => {
    expect(() => bootstrapInterval(0, () => 1)).toThrow(RangeError);
  });
});
