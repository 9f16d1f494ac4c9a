import { type Check } from '../check';

/** A bias, or a pattern that is in every tensor. */
export function mean(): Check {
  return {
    name: 'mean',
    title: 'The noise has mean zero: at each position, in each coefficient, in each channel',
    examine({ alpha, declared: { shape, deviations }, all }, evidence) {
      const [C, H, W] = shape;
      const area = H * W;
      const n = all.length;
      const [raw, white] = [new Float64Array(C * area), new Float64Array(C * area)];
      for (const tensor of all) {
        for (let i = 0; i < raw.length; i++) {
          raw[i] += tensor.noise[i];
          white[i] += tensor.white[i];
        }
      }
      let whole = 0;
      for (let c = 0; c < C; c++) {
        let sum = 0;
        for (let f = 0; f < area; f++) {
          const i = c * area + f;
          sum += white[i];
          evidence.normal(raw[i] / (deviations[c] * Math.sqrt(n)), () => `channel ${c}, position ${f}, ALPHA ${alpha}`);
          evidence.normal(white[i] / Math.sqrt(n), () => `channel ${c}, coefficient ${f}, ALPHA ${alpha}`);
        }
        evidence.normal(sum / Math.sqrt(n * area), () => `channel ${c}, ALPHA ${alpha}`);
        whole += sum;
      }
      evidence.normal(whole / Math.sqrt(n * area * C), () => `ALPHA ${alpha}`);
      // What all tensors have in common, of whatever shape.
      const common = white.reduce((sum, value) => sum + (value * value) / n, 0);
      evidence.chiSquare(common, C * area, () => `the mean of ${n} tensors, ALPHA ${alpha}`);
    }
  };
}
