import { type Check } from '../check';

/** Coefficient by coefficient: bins in other places, tiles, a period in space. */
export function spectrum(): Check {
  return {
    name: 'spectrum',
    title: 'Each spatial frequency has the declared power, over all channels together and in each channel',
    examine({ alpha, declared: { shape }, all }, evidence) {
      const [C, H, W] = shape;
      const area = H * W;
      const sums = new Float64Array(C * area);
      for (const { white } of all) {
        for (let i = 0; i < sums.length; i++) {
          sums[i] += white[i] ** 2;
        }
      }
      const together = new Float64Array(area);
      sums.forEach((sum, i) => {
        together[i % area] += sum;
        evidence.chiSquare(sum, all.length, () => `channel ${Math.floor(i / area)}, coefficient ${i % area}, ALPHA ${alpha}`);
      });
      together.forEach((sum, f) =>
        evidence.chiSquare(sum, C * all.length, () => `coefficient ${Math.floor(f / W)},${f % W}, ALPHA ${alpha}`)
      );
    }
  };
}
