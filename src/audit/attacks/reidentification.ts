import { filterGraph } from '../../models/server-graph';
import { model, node, port } from '../../models/onnx/build';
import { LearningSession } from '../../learning/session';
import { batchOf } from '../../learning/values';
import { type AttackResult } from '../../protocol';
import { whiteningFor } from '../inputs';
import { spectrumOf, type Scene } from '../scene';

type Reid = NonNullable<AttackResult['reid']>;

/** Candidates at once. */
const BATCH = 8;

/**
 * A6: which of the gallery's images was sent? The one under which the tensor is most likely: whose clean activation is
 * nearest to it in the metric of the noise, a matched filter. The gallery holds the attacked images and, up to its size,
 * the attacker's own.
 * @param sent a tensor of each attacked image
 */
export async function reidentify(
  scene: Scene,
  alpha: number | null,
  sent: readonly Float32Array[],
  progress: (share: number) => void
): Promise<Reid> {
  const { statistics, obfuscation, device, attacked, own, sizes } = scene;
  const { field, kept } = statistics;
  const matrices = whiteningFor(statistics, spectrumOf(scene, alpha), obfuscation.step);
  const whitening = await LearningSession.open(filterGraph({ ...field, mean: kept.activation_mean, matrices }), device);
  const products = await LearningSession.open(productGraph(), device);
  const whiten = async (tensors: readonly Float32Array[]) => {
    const { activation } = await whitening.run({ noisy: batchOf(tensors, field.shape) });
    return activation.data;
  };
  const size = sent[0].length;
  const u = new Float32Array(sent.length * size);
  for (const [i, z] of sent.entries()) {
    u.set(await whiten([z]), i * size);
  }
  const gallery = [...attacked, ...own].slice(0, sizes.gallery);
  const distances = sent.map(() => new Float64Array(gallery.length));
  for (let first = 0; first < gallery.length; first += BATCH) {
    const some = gallery.slice(first, first + BATCH);
    const v = await whiten(some.map(({ activation }) => activation));
    const dots = (await products.run({ u: { data: u, dims: [sent.length, size] }, v: { data: v, dims: [some.length, size] } }))
      .products.data;
    some.forEach((_, k) => {
      const power = v.subarray(k * size, (k + 1) * size).reduce((sum, value) => sum + value * value, 0);
      distances.forEach((row, i) => (row[first + k] = power - 2 * dots[i * some.length + k]));
    });
    progress(Math.min(1, (first + BATCH) / gallery.length));
  }
  await Promise.all([whitening.release(), products.release()]);
  const ranks = distances.map((row, i) => row.filter(distance => distance < row[i]).length);
  const within = (places: number) => ranks.filter(rank => rank < places).length;
  return {
    among: gallery.length,
    top1: within(1) / ranks.length,
    top5: within(5) / ranks.length,
    ci: wilson(within(1), ranks.length)
  };
}

/** 95 % interval of a share (Wilson 1927): holds at 0 and 1 too, where a bootstrap has none. */
export function wilson(hits: number, of: number): [number, number] {
  const z2 = 1.959964 ** 2;
  const middle = (hits + z2 / 2) / (of + z2);
  const reach = (Math.sqrt(z2) / (of + z2)) * Math.sqrt((hits * (of - hits)) / of + z2 / 4);
  return [Math.max(0, middle - reach), Math.min(1, middle + reach)];
}

/** u v^T for u [M,D] and v [N,D]. */
function productGraph() {
  return model({
    name: 'products',
    nodes: [node('Gemm', ['u', 'v'], ['products'], { transB: 1 })],
    initialisers: [],
    inputs: [port('u', ['M', 'D']), port('v', ['N', 'D'])],
    outputs: [port('products', ['M', 'N'])]
  });
}
