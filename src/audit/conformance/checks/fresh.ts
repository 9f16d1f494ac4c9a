import { type Check } from '../check';
import { type Evidence } from '../evidence';
import { type Tensor } from '../observe';

/** A5: the same epsilon, or part of it, on two tensors; the same with its sign turned; the same magnitudes. */
export function fresh(): Check {
  return {
    name: 'fresh',
    title: 'No two tensors share noise, whether of two images or of one image in two lives of the sender',
    examine({ alpha, declared: { bins, counts }, all }, evidence) {
      sharedNoise(all, bins, counts.length, evidence, `ALPHA ${alpha}`);
    }
  };
}

/**
 * Every pair: over all values, in each channel and each ring. x y / |y| is standard normal whatever y is.
 */
export function sharedNoise(all: readonly Tensor[], bins: Uint8Array, rings: number, evidence: Evidence, where: string): void {
  for (const view of ['value', 'size'] as const) {
    const seen = all.map(tensor => partsOf(view === 'value' ? tensor.white : sizesOf(tensor.white), bins, rings));
    for (let later = 1; later < seen.length; later++) {
      for (let earlier = 0; earlier < later; earlier++) {
        const products = productsOf(seen[later].values, seen[earlier].values, bins, rings);
        const { lengths } = seen[earlier];
        for (let part = 0; part < products.length; part++) {
          // Signs of few values are far from normal.
          if (view === 'size' && lengths[part] < 10) {
            continue;
          }
          evidence.normal(
            products[part] / lengths[part],
            () => `${view}s in ${partName(part, rings, products.length)} of ${all[earlier].name} and ${all[later].name}, ${where}`
          );
        }
      }
    }
  }
}

interface Parts {
  values: Float32Array;
  /** Of all, of each ring, of each channel. */
  lengths: Float64Array;
}

function partsOf(values: Float32Array, bins: Uint8Array, rings: number): Parts {
  return { values, lengths: productsOf(values, values, bins, rings).map(Math.sqrt) };
}

function productsOf(x: Float32Array, y: Float32Array, bins: Uint8Array, rings: number): Float64Array {
  const area = bins.length;
  const channels = x.length / area;
  const sums = new Float64Array(1 + rings + channels);
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let f = 0, i = c * area; f < area; f++, i++) {
      const product = x[i] * y[i];
      sum += product;
      sums[1 + bins[f]] += product;
    }
    sums[1 + rings + c] = sum;
    sums[0] += sum;
  }
  return sums;
}

function partName(part: number, rings: number, parts: number): string {
  return part === 0 ? 'all values' : part <= rings ? `ring ${part - 1}` : `channel ${part - 1 - rings} of ${parts - 1 - rings}`;
}

/** The median of |x| for standard normal x. */
const MEDIAN = 0.6744897501960817;

/** +1 where a value is larger than half of them are, otherwise -1. */
export function sizesOf(values: Float32Array): Float32Array {
  return values.map(value => (Math.abs(value) > MEDIAN ? 1 : -1));
}
