import {
  chiSquareChance,
  chiSquareUpper,
  distanceChance,
  extremeChance,
  gammaTails,
  lnGamma,
  normalCdf,
  normalChance,
  poissonChance
} from './chances';
import { autocorrelation } from './fourier';
import { FieldTransform } from './field';
import { Random } from '../../numerics/random';

/** To so many digits. */
const near = (value: number, expected: number, digits = 9) => expect(value / expected).toBeCloseTo(1, digits);

it('ln Gamma is that of factorials and of halves, for small and large values', () => {
  near(lnGamma(5), Math.log(24));
  near(lnGamma(0.5), Math.log(Math.PI) / 2);
  near(lnGamma(1e6), 12815504.569147612);
});

it('chances are those of tables, far out too', () => {
  near(normalChance(1.959963984540054), 0.05);
  near(normalChance(6), 1.9731752900753834e-9);
  near(chiSquareUpper(3.841458820694124, 1), 0.05);
  near(chiSquareUpper(18.307038053275146, 10), 0.05);
  near(chiSquareChance(10, 10), 2 * 0.4404932850652124);
  near(poissonChance(0, 3), 2 * Math.exp(-3));
  near(poissonChance(10, 3), 2 * 0.001102488, 6);
  near(normalCdf(-5), 2.8665157187919333e-7);
  expect(normalCdf(0)).toBe(0.5);
});

it('of many degrees of freedom they are nearly normal', () => {
  const k = 4e6;
  near(chiSquareUpper(k + 3 * Math.sqrt(2 * k), k), 0.00135, 1);
  expect(gammaTails(1e6, 1e6).lower).toBeCloseTo(0.5, 3);
  expect(chiSquareChance(0, 5)).toBe(0);
  expect(chiSquareChance(Infinity, 5)).toBe(0);
});

it('bounds are chances', () => {
  expect([distanceChance(0, 10), extremeChance(-1), extremeChance(0)]).toEqual([1, 1, 1]);
  near(extremeChance(5), Math.exp(-12.5));
});

it('the autocorrelation by Fourier transform is the sum of products', () => {
  const random = new Random(1);
  const fields = [random.normals(37), random.normals(37), random.normals(37)];
  const sums = autocorrelation(fields);
  for (const lag of [0, 1, 5, 36]) {
    const direct = fields.reduce((sum, x) => sum + x.subarray(lag).reduce((part, value, i) => part + value * x[i], 0), 0);
    expect(sums[lag]).toBeCloseTo(direct, 4);
  }
});

it('the field transform is its own inverse and keeps lengths', () => {
  const field = new Random(2).normals(3 * 5 * 8);
  const transform = new FieldTransform([3, 5, 8]);
  const there = transform.of(field);
  transform.of(there).forEach((value, i) => expect(value).toBeCloseTo(field[i], 5));
  const power = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
  expect(power(there)).toBeCloseTo(power(field), 3);
});
