import { type Check } from '../check';

/** Overall strength: sigma / 10, another ALPHA's factor, a bin without noise, a strength that wavers. */
export function power(): Check {
  return {
    name: 'power',
    title: 'The noise is as strong as declared, in each tensor and each ring of spatial frequencies',
    examine({ alpha, declared, all }, evidence) {
      const { shape, bins, counts } = declared;
      const [C, H, W] = shape;
      const whole = new Float64Array(counts.length);
      for (const { white, name } of all) {
        const sums = new Float64Array(counts.length);
        for (let i = 0; i < white.length; i++) {
          sums[bins[i % (H * W)]] += white[i] ** 2;
        }
        const sum = sums.reduce((a, b) => a + b);
        evidence.chiSquare(sum, white.length, () => `${ratio(sum, white.length)} in ${name} at ALPHA ${alpha}`);
        sums.forEach((part, bin) => {
          whole[bin] += part;
          evidence.chiSquare(
            part,
            C * counts[bin],
            () => `${ratio(part, C * counts[bin])} in ring ${bin} of ${name} at ALPHA ${alpha}`
          );
        });
      }
      const n = all.length * C;
      whole.forEach((sum, bin) =>
        evidence.chiSquare(sum, n * counts[bin], () => `${ratio(sum, n * counts[bin])} in ring ${bin} at ALPHA ${alpha}`)
      );
      const sum = whole.reduce((a, b) => a + b);
      evidence.chiSquare(sum, n * H * W, () => `${ratio(sum, n * H * W)} at ALPHA ${alpha}`);
    }
  };
}

const ratio = (sum: number, expected: number) => `${(sum / expected).toPrecision(3)} of the declared power`;
