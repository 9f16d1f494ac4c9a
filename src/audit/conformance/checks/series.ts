import { eigenSymmetric } from '../../../numerics/symmetric';
import { extremeChance } from '../chances';
import { type Check } from '../check';
import { type Evidence } from '../evidence';
import { type Tensor } from '../observe';

const LAGS = [1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64];

/** Over tensors: noise that remembers, and a part that several tensors have in common, too small in any two. */
export function series(): Check {
  return {
    name: 'series',
    title: 'Tensors have nothing in common: one after the other, and averaged over lives of the sender',
    examine({ alpha, images, lives }, evidence) {
      for (const [tensors, of] of [
        [images, 'images'],
        [lives, 'lives']
      ] as const) {
        if (tensors.length > 1) {
          const gram = gramOf(tensors);
          lags(gram, tensors.length, evidence, `${of}, ALPHA ${alpha}`);
          average(gram, tensors, evidence, `${of}, ALPHA ${alpha}`);
          extremes(gram, tensors, evidence, `${of}, ALPHA ${alpha}`);
        }
      }
    }
  };
}

/** Scalar products of every two tensors. */
function gramOf(tensors: readonly Tensor[]): Float64Array {
  const n = tensors.length;
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const [x, y] = [tensors[i].white, tensors[j].white];
      let sum = 0;
      for (let k = 0; k < x.length; k++) {
        sum += x[k] * y[k];
      }
      gram[i * n + j] = gram[j * n + i] = sum;
    }
  }
  return gram;
}

/** Each term is standard normal whatever came before it, and so their sum over its root. */
function lags(gram: Float64Array, n: number, evidence: Evidence, where: string): void {
  for (const lag of LAGS.filter(candidate => candidate < n)) {
    let sum = 0;
    for (let i = lag; i < n; i++) {
      const before = i - lag;
      sum += gram[i * n + before] / Math.sqrt(gram[before * (n + 1)]);
    }
    evidence.normal(sum / Math.sqrt(n - lag), () => `${lag} apart, ${where}`);
  }
}

/** The mean of K tensors has a K-th of the power of one. */
function average(gram: Float64Array, tensors: readonly Tensor[], evidence: Evidence, where: string): void {
  const [n, values] = [tensors.length, tensors[0].white.length];
  const power = gram.reduce((sum, value) => sum + value, 0) / n;
  evidence.chiSquare(
    power,
    values,
    () => `the mean of ${n} has ${(power / values).toPrecision(3)} of the power it should have, ${where}`
  );
}

function extremes(gram: Float64Array, tensors: readonly Tensor[], evidence: Evidence, where: string): void {
  const [n, values] = [tensors.length, tensors[0].white.length];
  if (values < 2 * n) {
    return;
  }
  const found = eigenSymmetric(gram, n).values;
  const [least, most] = [found[0], found[n - 1]].map(value => Math.sqrt(Math.max(0, value)));
  const roots = [Math.sqrt(values), Math.sqrt(n)];
  evidence.chance(extremeChance(roots[0] - roots[1] - least), () => `a mixture of tensors without noise, ${where}`);
  evidence.chance(extremeChance(most - roots[0] - roots[1]), () => `a part that many tensors share, ${where}`);
}
