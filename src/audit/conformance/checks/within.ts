import { type Check } from '../check';
import { type Evidence } from '../evidence';
import { autocorrelation } from '../fourier';
import { type Tensor } from '../observe';
import { sizesOf } from './fresh';

/** So many values are looked through, in whole tensors, at least one. */
const VALUES = 2 ** 17;
/** Products that a lag needs before their sum is as good as normal. */
const ENOUGH = 4096;

/** Inside a tensor: a generator that starts again, mirrored frequencies, a tile that repeats. */
export function within(): Check {
  return {
    name: 'within',
    title: 'Values of one tensor do not repeat or mirror others of it, in whatever order they were drawn',
    examine({ alpha, declared: { shape }, all }, evidence) {
      const some = all.slice(0, Math.max(1, Math.floor(VALUES / all[0].white.length)));
      const [C, H, W] = shape;
      for (const [name, order] of Object.entries(orders(C, H * W))) {
        lags(some, order, 'value', evidence, `${name}, ALPHA ${alpha}`);
        lags(some, order, 'size', evidence, `${name}, ALPHA ${alpha}`);
      }
      lags(some, tensor => tensor.flat, 'value', evidence, `position by position, ALPHA ${alpha}`);
      for (const [name, mirror] of Object.entries(mirrors(H, W))) {
        mirrored(all, H * W, mirror, evidence, `${name}, ALPHA ${alpha}`);
      }
    }
  };
}

type Order = (tensor: Tensor) => Float32Array;

function orders(C: number, area: number): Record<string, Order> {
  return {
    'coefficient by coefficient': ({ white }) => white,
    'channel by channel': ({ white }) => white.map((_, i) => white[(i % C) * area + Math.floor(i / C)])
  };
}

function lags(tensors: readonly Tensor[], order: Order, view: 'value' | 'size', evidence: Evidence, where: string): void {
  const sums = autocorrelation(tensors.map(tensor => (view === 'value' ? order(tensor) : sizesOf(order(tensor)))));
  for (let lag = 1; lag < sums.length; lag++) {
    const products = tensors.length * (sums.length - lag);
    if (products >= ENOUGH) {
      evidence.normal(sums[lag] / Math.sqrt(products), () => `${view}s ${lag} apart, ${where}`);
    }
  }
}

/** Places of coefficients that belong to the same frequency, or to that of the transposed field. */
function mirrors(H: number, W: number): Record<string, (f: number) => number> {
  const at = (u: number, v: number) => ((u + H) % H) * W + ((v + W) % W);
  const row = (f: number) => Math.floor(f / W);
  return {
    'mirrored rows': f => at(-row(f), f % W),
    'mirrored columns': f => at(row(f), -(f % W)),
    'mirrored both ways': f => at(-row(f), -(f % W)),
    ...(H === W && { transposed: (f: number) => at(f % W, row(f)) })
  };
}

function mirrored(all: readonly Tensor[], area: number, mirror: (f: number) => number, evidence: Evidence, where: string): void {
  const pairs = Array.from({ length: area }, (_, f) => [f, mirror(f)] as const).filter(([f, other]) => f < other);
  let [products, squares] = [0, 0];
  for (const { white } of all) {
    for (let c = 0; c < white.length; c += area) {
      for (const [f, other] of pairs) {
        products += white[c + f] * white[c + other];
        squares += white[c + f] ** 2;
      }
    }
  }
  if (pairs.length > 0) {
    evidence.normal(products / Math.sqrt(squares), () => where);
  }
}
