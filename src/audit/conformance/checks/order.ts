import { noiseSpectrumAt } from '../../../models';
import { cholesky, trace } from '../../../numerics/matrix';
import { combine, eigenSymmetric, type Matrix } from '../../../numerics/symmetric';
import { type Check } from '../check';

/** What rounding two matrices to float32 can take from an eigenvalue of their difference, as a share of the trace. */
const ROUNDING = 2 ** -22;

/** Knots whose noise shrinks in some direction: there a larger ALPHA would give more away. */
export function order(): Check {
  return {
    name: 'order',
    title: 'From knot to knot the declared noise shrinks in no direction, so no attacker gains by a larger ALPHA',
    async probe({ obfuscation }, _, evidence) {
      const { document } = obfuscation;
      const [C] = document.activation_shape;
      const alphas = document.knots.map(({ alpha }) => alpha);
      let before: Matrix[] = noiseSpectrumAt(obfuscation, alphas[0]).map(S => new Float64Array(S.length));
      for (const [k, alpha] of alphas.entries()) {
        evidence.certain(k === 0 || alpha > alphas[k - 1], () => `knot ${alpha} comes after ${alphas[k - 1]}`);
        const S = noiseSpectrumAt(obfuscation, alpha);
        S.forEach((matrix, bin) => {
          const slack = ROUNDING * trace(matrix, C) + Number.MIN_VALUE;
          const more = combine(1, matrix, -1, before[bin]);
          evidence.certain(isPositive(more, slack, C), () => {
            const least = eigenSymmetric(more, C).values[0];
            return `an eigenvalue of ${least.toExponential(1)} in ring ${bin} up to knot ${alpha}`;
          });
        });
        before = S;
      }
    }
  };
}

function isPositive(matrix: Matrix, slack: number, n: number): boolean {
  if (matrix.every(value => value === 0)) {
    return true;
  }
  try {
    cholesky(
      matrix.map((value, i) => (i % (n + 1) === 0 ? value + slack : value)),
      n
    );
    return true;
  } catch {
    return false;
  }
}
