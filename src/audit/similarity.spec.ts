import { ssim, type Picture } from '../evaluation';
import { Random } from '../numerics/random';
import { Original } from './similarity';

const random = new Random(3);
const picture = (side: number, value: (i: number) => number): Picture => ({
  width: side,
  height: side,
  rgb: Float32Array.from({ length: 3 * side * side }, (_, i) => value(i))
});
const waves = (side: number) => picture(side, i => 0.5 + 0.4 * Math.sin(i / 40) * Math.cos(i / (17 * side)));
const noisy = (from: Picture, deviation: number): Picture => ({
  ...from,
  rgb: from.rgb.map(value => Math.min(1, Math.max(0, value + random.normal(0, deviation))))
});

describe('structural similarity of many estimates to one picture', () => {
  const truth = waves(48);
  const original = new Original(truth);

  it('is that of single pictures', () => {
    for (const deviation of [0.02, 0.2]) {
      const estimate = noisy(truth, deviation);
      expect(original.ssim(estimate)).toBeCloseTo(ssim(truth, estimate), 6);
    }
  });

  it('is 1 for the picture itself, at several scales too', () => {
    expect(original.ssim(truth)).toBeCloseTo(1, 9);
    expect(original.msSsim(truth)).toBeCloseTo(1, 9);
  });

  it('falls with noise and forgives fine noise at coarse scales', () => {
    const [weak, strong] = [noisy(truth, 0.05), noisy(truth, 0.3)];
    expect(original.msSsim(strong)).toBeLessThan(original.msSsim(weak));
    expect(original.msSsim(weak)).toBeGreaterThan(original.ssim(weak));
  });

  it('takes as many scales as hold a window', () => {
    const small = waves(11);
    expect(new Original(small).msSsim(small)).toBeCloseTo(1, 9);
  });

  it('is 0 for a negative, which is unlike at every scale', () => {
    const negative = { ...truth, rgb: truth.rgb.map(value => 1 - value) };
    expect(original.msSsim(negative)).toBeLessThan(0.05);
  });
});
