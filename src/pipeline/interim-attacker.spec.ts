import { loadModel, type LoadedModel } from '../models';
import { cleanActivation } from './activation';
import { InterimAttacker, attackWeights } from './interim-attacker';

let model: LoadedModel;
beforeAll(async () => {
  model = await loadModel();
});

/** Expected squared error of the attacker's estimate, summed over its pixels, less the pixels' own variance. */
function gain(alpha: number, weights: Float32Array): number {
  const { activation_covariance: saa, pixel_covariance: say, channel_deviation: deviation } = model.interim!.arrays;
  const [channels, outputs] = [deviation.length, 48];
  let sum = 0;
  for (let k = 0; k < outputs; k++) {
    for (let i = 0; i < channels; i++) {
      const wi = weights[i * outputs + k];
      sum -= 2 * wi * say[i * outputs + k];
      sum += wi * wi * (alpha * deviation[i]) ** 2;
      for (let j = 0; j < channels; j++) {
        sum += wi * saa[i * channels + j] * weights[j * outputs + k];
      }
    }
  }
  return sum;
}

describe('the linear attacker', () => {
  it('is the best linear one at its ALPHA: every nudge makes it worse', () => {
    const weights = attackWeights(model.interim!, 0.4);
    const best = gain(0.4, weights);
    for (let trial = 1; trial <= 4; trial++) {
      const nudged = weights.map((w, i) => w + 0.05 * Math.sin(i * trial));
      expect(gain(0.4, nudged)).toBeGreaterThan(best);
    }
  });

  it('adapts to ALPHA, and recovers less the larger it is', () => {
    const gains = [0, 0.05, 0.2, 0.4, 0.8, 0.95].map(alpha => gain(alpha, attackWeights(model.interim!, alpha)));
    expect(gains).toEqual([...gains].sort((a, b) => a - b));
    expect(gain(0.8, attackWeights(model.interim!, 0.8))).toBeLessThan(gain(0.8, attackWeights(model.interim!, 0.05)));
  });

  it('paints the mean picture where it sees the mean activation', () => {
    const { channel_mean: mean, pixel_mean: pixels } = model.interim!.arrays;
    const data = Float32Array.from({ length: 128 * 1024 }, (_, i) => mean[Math.floor(i / 1024)]);
    const picture = new InterimAttacker(model.interim!).reconstruct(cleanActivation(data, [128, 32, 32]), 0.2);
    expect(picture).toMatchObject({ width: 128, height: 128, order: 'rgb' });
    for (const [x, y] of [
      [0, 0],
      [5, 2],
      [127, 127]
    ]) {
      const expected = Array.from(pixels.subarray(3 * (4 * (y % 4) + (x % 4)), 3 * (4 * (y % 4) + (x % 4)) + 3), Math.round);
      expect(Array.from(picture.data.subarray(3 * (128 * y + x), 3 * (128 * y + x) + 3))).toEqual(expected);
    }
  });
});
