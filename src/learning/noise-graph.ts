import { type SpectralField, spectralMap } from '../models/spectral-map';
import { type OnnxModel } from '../models/onnx';
import { model, node, port } from '../models/onnx/build';
import { cholesky } from '../numerics/matrix';
import { type Matrix } from '../numerics/symmetric';
import { type NoiseSpectrum } from './leakage';

/** Added to the diagonal of a spectrum before it is factored, relative to its mean diagonal. */
const JITTER = 1e-7;

/**
 * Adds noise as runs in use do, for learning: from `activation` and `white`, both [N,C,H,W], `noisy`. White noise stays
 * white under the Hartley transform, so it may be given in space.
 */
export function noiseGraph(field: SpectralField, S: NoiseSpectrum): OnnxModel {
  const [channels, height, width] = field.shape;
  const factors = S.map(matrix => transposedFactor(matrix, channels));
  const { nodes, initialisers } = spectralMap('noise', 'white', 'noise', field, factors);
  const shape = ['N', channels, height, width];
  return model({
    name: 'noise',
    nodes: [...nodes, node('Add', ['activation', 'noise'], ['noisy'])],
    initialisers,
    inputs: [port('activation', shape), port('white', shape)],
    outputs: [port('noisy', shape)]
  });
}

/** L^T of S = L L^T. */
function transposedFactor(S: Matrix, n: number): Matrix {
  const lifted = S.slice();
  let mean = 0;
  for (let i = 0; i < n; i++) {
    mean += S[i * (n + 1)] / n;
  }
  for (let i = 0; i < n; i++) {
    lifted[i * (n + 1)] += JITTER * mean;
  }
  const L = cholesky(lifted, n);
  return L.map((_, i) => L[(i % n) * n + Math.floor(i / n)]);
}
