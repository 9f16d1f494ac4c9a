import { eigenSymmetric, type Matrix } from '../../../numerics/symmetric';
import { extremeChance } from '../chances';
import { type Check } from '../check';
import { type Evidence } from '../evidence';

/** Between channels: two that share noise, a rotation, a direction left bare that nobody named. */
export function covariance(): Check {
  return {
    name: 'covariance',
    title: 'Whitened channels do not correlate, and no direction between them is bare, in each ring and over all of them',
    examine({ alpha, declared: { counts, shape }, all, scatter }, evidence) {
      const [C, H, W] = shape;
      const pooled = new Float64Array(C * C);
      scatter.forEach((sum, bin) => {
        sum.forEach((value, i) => (pooled[i] += value));
        pairs(sum, C, evidence, `ring ${bin}, ALPHA ${alpha}`);
        extremes(sum, C, all.length * counts[bin], evidence, `ring ${bin}, ALPHA ${alpha}`);
      });
      pairs(pooled, C, evidence, `all rings, ALPHA ${alpha}`);
      extremes(pooled, C, all.length * H * W, evidence, `all rings, ALPHA ${alpha}`);
    }
  };
}

function pairs(sum: Matrix, C: number, evidence: Evidence, where: string): void {
  for (let i = 0; i < C; i++) {
    for (let j = 0; j < i; j++) {
      // x^T y / |y| is standard normal whatever y is.
      evidence.normal(sum[i * C + j] / Math.sqrt(sum[j * (C + 1)]), () => `channels ${j} and ${i}, ${where}`);
    }
  }
}

function extremes(sum: Matrix, C: number, n: number, evidence: Evidence, where: string): void {
  if (n < 2 * C) {
    return;
  }
  const { values } = eigenSymmetric(sum, C);
  const [least, most] = [values[0], values[C - 1]].map(value => Math.sqrt(Math.max(0, value)));
  evidence.chance(
    extremeChance(Math.sqrt(n) - Math.sqrt(C) - least),
    () => `a direction of ${((least * least) / n).toPrecision(3)} of the declared power, ${where}`
  );
  evidence.chance(
    extremeChance(most - Math.sqrt(n) - Math.sqrt(C)),
    () => `a direction of ${((most * most) / n).toPrecision(3)} of the declared power, ${where}`
  );
}
