import { type Check } from '../check';

/** Over the field: a border, a corner or a value without noise. */
export function positions(): Check {
  return {
    name: 'positions',
    title: 'The noise is as strong at each position as at any other',
    examine({ alpha, declared: { shape, deviations }, all }, evidence) {
      const [C, H, W] = shape;
      const area = H * W;
      const raw = new Float64Array(C * area);
      const together = new Float64Array(area);
      for (const { noise, flat } of all) {
        for (let i = 0; i < raw.length; i++) {
          raw[i] += noise[i] ** 2;
          together[i % area] += flat[i] ** 2;
        }
      }
      const place = (at: number) => `row ${Math.floor(at / W)}, column ${at % W}`;
      raw.forEach((sum, i) => {
        const c = Math.floor(i / area);
        evidence.chiSquare(sum / deviations[c] ** 2, all.length, () => `channel ${c}, ${place(i % area)}, ALPHA ${alpha}`);
      });
      together.forEach((sum, at) => evidence.chiSquare(sum, C * all.length, () => `${place(at)}, ALPHA ${alpha}`));
    }
  };
}
