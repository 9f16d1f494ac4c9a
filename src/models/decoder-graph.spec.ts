import { filled, largestDifference, open, uniform, type Values } from '../../test/graphs/run';
import { frequenciesOf } from '../numerics/frequencies';
import { hartleyBins } from '../numerics/hartley';
import { radialBins } from '../numerics/radial-bins';
import { combine, identity } from '../numerics/symmetric';
import { decoderBody, decoderFront, decoderGraph, noiseLevel, type FrontParts } from './decoder-graph';
import { dimsOf, floatsOf } from './onnx/tensors';
import { filterGraph } from './server-graph';

const SHAPE: [number, number, number] = [3, 8, 6];
const TARGETS = 2;
const bins = radialBins(frequenciesOf(8, 6));
const next = uniform(21);
const parts: FrontParts = {
  shape: SHAPE,
  bins: hartleyBins(bins),
  mean: filled(SHAPE, next).data,
  targetMean: filled([TARGETS, 8, 6], next).data,
  filter: Array.from(bins.counts, () => Float64Array.from({ length: 9 }, next)),
  attacker: Array.from(bins.counts, () => Float64Array.from({ length: 3 * TARGETS }, next))
};
const share = (seed: number) => {
  const signed = uniform(seed);
  return () => (signed() + 1) / 2;
};
const noisy = filled([2, ...SHAPE], next);

const body = () => decoderBody(3, TARGETS, 8, share(4));
const weights = () =>
  Object.fromEntries(body().graph.initializer.map(t => [t.name, { data: floatsOf(t), shape: dimsOf(t) }] as const));

describe('the adaptive decoder', () => {
  it('filters as the server does', async () => {
    const { activation } = await (await open(decoderFront(parts)))({ noisy });
    const filter = await (await open(filterGraph({ ...parts, matrices: parts.filter })))({ noisy });
    expect(largestDifference(activation, filter.activation)).toBeLessThan(1e-5);
  });

  it('is the linear attacker before it is trained', async () => {
    const { linear } = await (await open(decoderFront(parts)))({ noisy });
    expect(linear.dims).toEqual([2, TARGETS, 8, 6]);
    const { estimate } = await (await open(decoderGraph(parts, -1, weights())))({ noisy });
    expect(largestDifference(estimate, linear)).toBe(0);
  });

  it('is its front and its body, one after the other, at the level it is told', async () => {
    const trained = weights();
    trained['decoder.4.weight'].data.forEach((_, i, data) => (data[i] = 0.3 * next()));
    const { activation, linear } = await (await open(decoderFront(parts)))({ noisy });
    const graph = body();
    graph.graph.initializer = decoderGraph(parts, 0, trained).graph.initializer.filter(({ name }) => name.startsWith('decoder.'));
    const estimate = async (level: number) => {
      const plane: Values = { dims: [2, 1, 8, 6], data: new Float32Array(96).fill(level) };
      return (await (await open(graph))({ activation, linear, level: plane })).estimate;
    };
    const whole = await (await open(decoderGraph(parts, 0.7, trained)))({ noisy });
    expect(largestDifference(whole.estimate, await estimate(0.7))).toBeLessThan(1e-5);
    expect(largestDifference(whole.estimate, await estimate(-2))).toBeGreaterThan(1e-3);
  });

  it('has weights of the sizes and in the range that it says', () => {
    expect(Object.entries(weights()).map(([name, { shape }]) => [name, shape.join()])).toEqual([
      ['decoder.0.weight', '8,6,1,1'],
      ['decoder.0.bias', '8'],
      ['decoder.1.weight', '8,8,3,3'],
      ['decoder.1.bias', '8'],
      ['decoder.2.weight', '8,8,3,3'],
      ['decoder.2.bias', '8'],
      ['decoder.3.weight', '8,8,3,3'],
      ['decoder.3.bias', '8'],
      ['decoder.4.weight', '2,8,1,1'],
      ['decoder.4.bias', '2']
    ]);
    expect(weights()['decoder.1.weight'].data.every(w => Math.abs(w) <= Math.sqrt(6 / 72))).toBe(true);
    expect(weights()['decoder.4.weight'].data.every(w => w === 0)).toBe(true);
  });
});

it('the noise level grows with the noise, counts coefficients, and is finite without noise', () => {
  const aa = [identity(3), identity(3)];
  const level = (scale: number) =>
    noiseLevel(aa, [combine(scale, identity(3), 0, aa[0]), combine(scale, identity(3), 0, aa[0])], [1, 9]);
  expect(level(1)).toBeCloseTo(0, 3);
  expect(level(100)).toBeCloseTo(Math.log(10), 3);
  expect(noiseLevel(aa, [], [1, 9])).toBeCloseTo(Math.log(0.01), 6);
  expect(noiseLevel(aa, [aa[0], new Float64Array(9)], [1, 9])).toBeCloseTo(0.5 * Math.log(0.1001), 6);
});
