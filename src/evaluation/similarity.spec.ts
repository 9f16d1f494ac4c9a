import { psnr, ssim } from './similarity';
import { type Picture } from './targets';

const width = 17;
const height = 13;
const picture = (value: (x: number, y: number, channel: number, i: number) => number): Picture => ({
  width,
  height,
  rgb: Float32Array.from({ length: width * height * 3 }, (_, i) =>
    value(Math.floor(i / 3) % width, Math.floor(i / (3 * width)), i % 3, i)
  )
});
const waves = picture((x, y, channel) => 0.5 + 0.3 * Math.sin(x / 2 + channel) + 0.2 * Math.cos(y / 3));
const rough = picture((x, y, channel, i) => {
  const value = 0.5 + 0.3 * Math.sin(x / 2 + channel) + 0.2 * Math.cos(y / 3);
  return 0.8 * value + (0.1 * ((i * 37) % 11)) / 10;
});

describe('structural similarity', () => {
  it('is that of scikit-image 0.26 with Gaussian weights and without sample covariance', () =>
    expect(ssim(waves, rough)).toBeCloseTo(0.949388662, 6));

  it('is 1 for equal pictures, the same both ways, and below 0 for a negative', () => {
    expect(ssim(waves, waves)).toBeCloseTo(1, 12);
    expect(ssim(rough, waves)).toBeCloseTo(ssim(waves, rough), 12);
    expect(ssim(waves, { ...waves, rgb: waves.rgb.map(value => 1 - value) })).toBeLessThan(0);
  });

  it('of flat pictures compares their brightness alone', () => {
    const [dark, light] = [0.25, 0.75].map(value => picture(() => value));
    expect(ssim(dark, light)).toBeCloseTo((2 * 0.25 * 0.75 + 1e-4) / (0.25 ** 2 + 0.75 ** 2 + 1e-4), 6);
  });

  it('is refused to pictures of other sizes and to those smaller than a window', () => {
    const small = { width: 10, height: 20, rgb: new Float32Array(600) };
    expect(() => ssim(small, small)).toThrow('smaller than a window');
    expect(() => ssim(waves, small)).toThrow('cannot be compared');
  });
});

describe('peak signal-to-noise ratio', () => {
  it('is ten times the decimal logarithm of 1 / mean squared error', () => {
    expect(psnr(waves, rough)).toBeCloseTo(21.97788938, 4);
    expect(psnr(waves, { ...waves, rgb: waves.rgb.map(value => value + 0.1) })).toBeCloseTo(20, 4);
  });

  it('is infinite for equal pictures', () => expect(psnr(waves, waves)).toBe(Infinity));
});
