import { adjointOf } from '../../src/learning/adjoint';
import { type OnnxModel } from '../../src/models/onnx';
import { filled, open, type Values } from './run';

/** Half the distance of a two-sided difference: small against the kinks that `apart` keeps away, large against float32. */
const STEP = 0.01;
const SPACING = 0.05;

/** Distinct values, none nearer to zero or to another than SPACING / 2: no kink of Relu or MaxPool within a step. */
export function apart(dims: readonly number[], next: () => number): Values {
  const { data } = filled(dims, next);
  const order = Array.from(data.keys()).sort((a, b) => data[a] - data[b]);
  order.forEach((at, rank) => (data[at] = (rank - Math.floor(data.length / 2) + 0.5) * SPACING));
  return { dims, data };
}

/**
 * Relative error, in the Euclidean norm, of the adjoint graph's gradient against two-sided differences of a random
 * linear loss, one for each value of the input.
 */
export async function gradientError(tail: OnnxModel, x: Values, next: () => number): Promise<number> {
  const { model, activation, cotangents, gradient } = await adjointOf(tail);
  const [forward, backward] = await Promise.all([tail, model].map(open));
  const seeds = Object.fromEntries(
    Object.entries(await forward({ [activation]: x })).map(([name, { dims }]) => [name, filled(dims, next)])
  );
  const feeds = Object.fromEntries(Object.entries(cotangents).map(([target, input]) => [input, seeds[target]]));
  const found = (await backward({ [activation]: x, ...feeds }))[gradient];
  expect(found.dims).toEqual(x.dims);

  const differences = new Float64Array(x.data.length);
  for (let i = 0; i < x.data.length; i++) {
    const [above, below] = [await shifted(i, STEP), await shifted(i, -STEP)];
    differences[i] = (above.loss - below.loss) / (above.at - below.at);
  }
  const norm = Math.hypot(...differences);
  const distance = Math.hypot(...differences.map((difference, i) => difference - found.data[i]));
  return norm === 0 ? distance : distance / norm;

  async function shifted(i: number, step: number): Promise<{ loss: number; at: number }> {
    const data = Float32Array.from(x.data);
    data[i] += step;
    return { loss: loss(await forward({ [activation]: { dims: x.dims, data } }), seeds), at: data[i] };
  }
}

/** Sum over all outputs of seed times value, in float64. */
export function loss(outputs: Record<string, Values>, seeds: Record<string, Values>): number {
  return Object.entries(outputs).reduce((sum, [name, { data }]) => sum + dot(data, seeds[name].data), 0);
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}
