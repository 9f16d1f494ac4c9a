import { chiSquareUpper } from '../chances';
import { type Check, type Subject } from '../check';
import { Declared } from '../declared';

/** How much finer than the least deviation of the noise the grid must be. */
const FINENESS = 64;
/** Whole numbers below it are exact in float32. */
const EXACT = 2 ** 24;
const LOW = 8;

/** A8: floats whose low bits tell of the activation (Mironov 2012), a grid that shows, steps that were left out. */
export function grid({ obfuscation }: Pick<Subject, 'obfuscation'>): Check {
  return {
    name: 'grid',
    title: 'Tensors lie on the declared grid, which is fine enough, and their low bits are even whatever is under them',
    examine({ alpha, declared, all }, evidence) {
      const { step } = declared;
      // What each remainder of the activation's code is followed by.
      const counts = new Float64Array(LOW * LOW);
      const next = new Float64Array(16);
      for (const { z, noise, name } of all) {
        const off = z.findIndex(value => !(Number.isInteger(value / step) && Math.abs(value / step) < EXACT));
        evidence.certain(off < 0, () => `value ${off} of ${name} is ${z[off]}, no multiple of ${step}, at ALPHA ${alpha}`);
        for (let i = 0; i < z.length; i++) {
          const [code, added] = [z[i] / step, noise[i] / step];
          counts[LOW * ((code - added) & 7) + (code & 7)]++;
          next[4 * (added & 3) + ((noise[(i + 1) % z.length] / step) & 3)]++;
        }
      }
      for (let row = 0; row < LOW; row++) {
        const cells = counts.subarray(LOW * row, LOW * (row + 1));
        even(cells, chance => evidence.chance(chance, () => `low bits over codes that end in ${row}, ALPHA ${alpha}`));
      }
      even(next, chance => evidence.chance(chance, () => `low bits of neighbours, ALPHA ${alpha}`));
    },
    async probe(_, __, evidence) {
      const { document, step } = obfuscation;
      const first = new Declared(obfuscation, document.knots[0].alpha);
      const least = first.deviations.reduce((a, b) => Math.min(a, b));
      evidence.certain(
        step === 2 ** document.grid_exponent,
        () => `a step of ${step} is declared as 2^${document.grid_exponent}`
      );
      evidence.certain(
        step <= least / FINENESS,
        () => `a step of ${step} is coarser than 1/${FINENESS} of ${least.toPrecision(3)}`
      );
    }
  };
}

/** Pearson's statistic of cells that should be equal, where there are enough values. */
function even(cells: Float64Array, weigh: (chance: number) => void): void {
  const expected = cells.reduce((sum, count) => sum + count, 0) / cells.length;
  if (expected >= 60) {
    const statistic = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    weigh(chiSquareUpper(statistic, cells.length - 1));
  }
}
