import { type Matrix } from '../numerics/symmetric';
import { hartleyMatrix } from '../numerics/hartley';
import { type Piece } from './layers';
import { node } from './onnx/build';
import { floatTensor, integerTensor } from './onnx/tensors';

/** A field's size and how its Hartley coefficients are grouped: `hartleyBins`. */
export interface SpectralField {
  /** Channels, height, width. */
  shape: readonly [number, number, number];
  /** Of each of the H x W coefficients the radial bin. */
  bins: Uint8Array;
}

/**
 * The linear map of fields [N,C,H,W] -> [N,R,H,W] that takes the Hartley coefficients X of each bin to M^T X, one [C,R]
 * matrix a bin. Channels lie innermost meanwhile, so that every step is one large product or a copy of whole rows.
 * @param name begins the names of all tensors in it
 */
export function spectralMap(
  name: string,
  input: string,
  output: string,
  { shape: [channels, height, width], bins }: SpectralField,
  matrices: readonly Matrix[]
): Piece {
  const at = (what: string) => `${name} ${what}`;
  const results = matrices[0].length / channels;
  const order = Array.from(bins.keys()).sort((a, b) => bins[a] - bins[b] || a - b);
  const back = new Array<number>(order.length);
  order.forEach((from, to) => (back[from] = to));
  const counts = matrices.map((_, bin) => bins.filter(of => of === bin).length);
  const square = (what: string, n: number) => floatTensor(at(what), [n, n], Float32Array.from(hartleyMatrix(n)));
  return {
    nodes: [
      // [H, W, N, C], each axis of the field transformed by one side of a product.
      node('Transpose', [input], [at('last')], { perm: [2, 3, 0, 1] }),
      node('Reshape', [at('last'), at('as columns')], [at('columns')]),
      node('MatMul', [at('tall'), at('columns')], [at('down')]),
      node('Reshape', [at('down'), at('as rows')], [at('rows')]),
      node('MatMul', [at('wide'), at('rows')], [at('across')]),
      node('Reshape', [at('across'), at('as coefficients')], [at('coefficients')]),
      node('Gather', [at('coefficients'), at('order')], [at('by bin')], { axis: 0 }),
      node(
        'Split',
        [at('by bin'), at('counts')],
        matrices.map((_, bin) => at(`bin ${bin}`)),
        { axis: 0 }
      ),
      ...matrices.map((_, bin) => node('MatMul', [at(`bin ${bin}`), at(`matrix ${bin}`)], [at(`mapped ${bin}`)])),
      node(
        'Concat',
        matrices.map((_, bin) => at(`mapped ${bin}`)),
        [at('mapped')],
        { axis: 0 }
      ),
      node('Gather', [at('mapped'), at('back')], [at('result')], { axis: 0 }),
      node('Reshape', [at('result'), at('as rows')], [at('result rows')]),
      node('MatMul', [at('wide'), at('result rows')], [at('back across')]),
      node('Reshape', [at('back across'), at('as columns')], [at('result columns')]),
      node('MatMul', [at('tall'), at('result columns')], [at('back down')]),
      node('Reshape', [at('back down'), at('as field')], [at('field')]),
      node('Transpose', [at('field')], [output], { perm: [2, 3, 0, 1] })
    ],
    initialisers: [
      square('tall', height),
      square('wide', width),
      integerTensor(at('as columns'), [height, -1]),
      integerTensor(at('as rows'), [height, width, -1]),
      integerTensor(at('as coefficients'), [height * width, -1, channels]),
      integerTensor(at('as field'), [height, width, -1, results]),
      integerTensor(at('order'), order),
      integerTensor(at('back'), back),
      integerTensor(at('counts'), counts),
      ...matrices.map((matrix, bin) => floatTensor(at(`matrix ${bin}`), [channels, results], Float32Array.from(matrix)))
    ]
  };
}
