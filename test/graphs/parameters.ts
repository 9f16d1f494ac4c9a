import { gradientOf, type Loss } from '../../src/learning/adjoint';
import { type OnnxModel } from '../../src/models/onnx';
import { node, port } from '../../src/models/onnx/build';
import { floatsOf, dimsOf } from '../../src/models/onnx/tensors';
import { filled, open, type Values } from './run';

/** Half the distance of a two-sided difference: the functions of these tests are smooth, float32 sums are rounded. */
const STEP = 0.02;

/** A loss that is linear in one output: sum of seed times value, its gradient the seed. */
export function linearLoss(output: string): Loss {
  return {
    targets: [output],
    inputs: [port('seed')],
    nodes: [node('Mul', [output, 'seed'], ['weighted']), node('ReduceSum', ['weighted'], ['loss'], { keepdims: 0 })],
    initialisers: [],
    cotangents: { [output]: 'seed' },
    value: 'loss'
  };
}

export function initialisersOf({ graph }: OnnxModel, names: readonly string[]): Record<string, Values> {
  return Object.fromEntries(
    graph.initializer.filter(({ name }) => names.includes(name)).map(t => [t.name, { data: floatsOf(t), dims: dimsOf(t) }])
  );
}

/**
 * Relative error, in the Euclidean norm over all of `by`, of the gradient of a random linear loss of output y against
 * two-sided differences, one for each value.
 * @param feeds the network's inputs
 */
export async function parameterError(
  network: OnnxModel,
  by: readonly string[],
  feeds: Record<string, Values>,
  next: () => number
): Promise<number> {
  const { model, gradients, loss } = await gradientOf(network, { loss: linearLoss('y'), by });
  const [forward, run] = await Promise.all([network, model].map(open));
  const seed = filled((await forward(feeds)).y.dims, next);
  const all: Record<string, Values> = { ...feeds, ...initialisersOf(network, by), seed };
  const found = await run(all);
  const pairs: [number, number][] = [];
  for (const name of by) {
    expect(found[gradients[name]].dims).toEqual(all[name].dims);
    for (let i = 0; i < all[name].data.length; i++) {
      const [above, below] = [await shifted(name, i, STEP), await shifted(name, i, -STEP)];
      pairs.push([(above.loss - below.loss) / (above.at - below.at), found[gradients[name]].data[i]]);
    }
  }
  const norm = Math.hypot(...pairs.map(([difference]) => difference));
  const distance = Math.hypot(...pairs.map(([difference, value]) => difference - value));
  return norm === 0 ? distance : distance / norm;

  async function shifted(name: string, i: number, step: number): Promise<{ loss: number; at: number }> {
    const data = Float32Array.from(all[name].data);
    data[i] += step;
    const moved = await run({ ...all, [name]: { dims: all[name].dims, data } });
    return { loss: moved[loss].data[0], at: data[i] };
  }
}
