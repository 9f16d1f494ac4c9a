import { attackersFor, filtersFor } from '../models/strength';
import { type Weights } from '../models';
import { node, port } from '../models/onnx/build';
import { type OnnxModel } from '../models/onnx';
import { replaceWeights } from '../models/onnx/replace-weights';
import { combine, type Matrix } from '../numerics/symmetric';
import { product, transpose } from '../numerics/matrix';
import { gradientOf, type Loss } from './adjoint';
import { type AttackedView } from './attacker';
import { type NoiseSpectrum } from './leakage';
import { type Normals } from './normals';
import { type Sample } from './samples';
import { LearningSession, type LearningDevice } from './session';
import { SpectraSum } from './spectra';
import { type Statistics } from './statistics';

/**
 * What a trained decoder is after, as a B of `NoiseShaper`. Let K_f be the mean Gram matrix of the gradients by z_f of
 * random probes u . y(z), u ~ N(0,1), y the decoder's picture. An attacker that is at its best loses tr(K dS) to a little
 * more noise dS (the envelope theorem). The linear attacker has K = R^-1 Say Say^H R^-1 with R = Saa + S; so R K R stands
 * for Say Say^H where the attacker is not linear.
 * @param S the noise in `view`
 */
export async function attentionOf(
  decoder: OnnxModel,
  weights: Weights,
  { statistics, S, view }: { statistics: Statistics; S: NoiseSpectrum; view: AttackedView },
  samples: readonly Sample[],
  normals: Normals,
  device: LearningDevice,
  seen: () => void
): Promise<Matrix[]> {
  const { field, spectra, kept } = statistics;
  const [channels, height, width] = field.shape;
  const { targets } = spectra;
  const probe: Loss = {
    targets: ['estimate'],
    inputs: [port('probe', ['N', targets, height, width])],
    nodes: [node('Identity', ['probe'], ['by estimate']), node('ReduceSum', ['probe'], ['any value'], { keepdims: 0 })],
    initialisers: [],
    cotangents: { estimate: 'by estimate' },
    value: 'any value'
  };
  const graph = await gradientOf(replaceWeights(decoder, weights), { loss: probe, by: ['activation', 'linear'] });
  const session = await LearningSession.open(graph.model, device);
  const sum = await SpectraSum.open(field.shape, targets, false, device);
  for (const sample of samples) {
    const inputs = await view.see([sample], normals);
    const gradients = await session.run({
      ...inputs,
      probe: { data: normals.take(targets * height * width), dims: [1, targets, height, width] }
    });
    await sum.add(gradients[graph.gradients.activation].data, gradients[graph.gradients.linear].data);
    seen();
  }
  await session.release();
  const grams = await sum.finish();
  const [filters, attackers] = [filtersFor(kept, S), attackersFor(kept, S)];
  return grams.aa.map((gram, bin) => {
    // By the chain rule the gradient by z is M g with M = [W^T | A] and g = [by filtered activation; by linear estimate].
    const [W, A] = [filters[bin], attackers[bin]];
    const byActivation = product(transpose(W, channels, channels), gram, channels, channels, channels);
    const cross = product(transpose(W, channels, channels), grams.ay[bin], channels, channels, targets);
    const crossed = product(cross, transpose(A, channels, targets), channels, targets, channels);
    const byLinear = product(A, grams.yy[bin], channels, targets, targets);
    const K = combine(
      1,
      combine(1, product(byActivation, W, channels, channels, channels), 1, crossed),
      1,
      combine(
        1,
        transpose(crossed, channels, channels),
        1,
        product(byLinear, transpose(A, channels, targets), channels, targets, channels)
      )
    );
    const R = combine(1, spectra.aa[bin], 1, S[bin]);
    const B = product(product(R, K, channels, channels, channels), R, channels, channels, channels);
    return combine(0.5, B, 0.5, transpose(B, channels, channels));
  });
}
