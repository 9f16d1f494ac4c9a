import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { filled, largestDifference, open, uniform, type Values } from '../../test/graphs/run';
import { frequenciesOf } from '../numerics/frequencies';
import { hartleyBins, hartleyMatrix } from '../numerics/hartley';
import { radialBins } from '../numerics/radial-bins';
import { identity, type Matrix } from '../numerics/symmetric';
import { type Weights } from './artefact-content';
import { denoiserBody } from './denoiser-graph';
import { readOnnx, type OnnxModel } from './onnx';
import { floatsOf, dimsOf } from './onnx/tensors';
import { filterGraph, serverGraph, serverWeights, type FilterParts } from './server-graph';

const tailFile = resolve(__dirname, '../../models/faceboxes/tail.onnx');

function parts(shape: [number, number, number], matrix: (bin: number) => Matrix, seed = 3): FilterParts {
  const [channels, height, width] = shape;
  const bins = radialBins(frequenciesOf(height, width));
  return {
    shape,
    bins: hartleyBins(bins),
    mean: filled(shape, uniform(seed)).data,
    matrices: Array.from(bins.counts, (_, bin) => matrix(bin)).map(m => {
      expect(m).toHaveLength(channels * channels);
      return m;
    })
  };
}

/** mean + Hartley(W Hartley(z - mean)) as it is written, in float64. */
function asWritten({ shape: [channels, height, width], bins, mean, matrices }: FilterParts, z: Float32Array): Float64Array {
  const [tall, wide] = [hartleyMatrix(height), hartleyMatrix(width)];
  const area = height * width;
  const transform = (field: Float64Array) =>
    Float64Array.from(field, (_, i) => {
      const [c, u, v] = [Math.floor(i / area), Math.floor((i % area) / width), i % width];
      let sum = 0;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          sum += tall[u * height + y] * wide[v * width + x] * field[c * area + y * width + x];
        }
      }
      return sum;
    });
  const coefficients = transform(Float64Array.from(z, (value, i) => value - mean[i]));
  const mapped = coefficients.map((_, i) => {
    const [row, at] = [Math.floor(i / area), i % area];
    let sum = 0;
    for (let c = 0; c < channels; c++) {
      sum += matrices[bins[at]][row * channels + c] * coefficients[c * area + at];
    }
    return sum;
  });
  return transform(mapped).map((value, i) => value + mean[i]);
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

/** Numbers from 0…1. */
const share = (next: () => number) => () => (next() + 1) / 2;

const weightsOf = ({ graph }: OnnxModel): Weights =>
  Object.fromEntries(graph.initializer.map(tensor => [tensor.name, { data: floatsOf(tensor), shape: dimsOf(tensor) }]));

describe('the filter graph', () => {
  it.each([
    [[3, 8, 8], 1],
    [[4, 6, 10], 2],
    [[2, 5, 3], 3]
  ] as [[number, number, number], number][])('maps %s, %i samples at once, as the formula says', async (shape, samples) => {
    const next = uniform(11);
    const given = parts(shape, () => Float64Array.from({ length: shape[0] ** 2 }, next));
    const run = await open(filterGraph(given));
    const noisy = filled([samples, ...shape], next);
    const { activation } = await run({ noisy });
    expect(activation.dims).toEqual(noisy.dims);
    const size = noisy.data.length / samples;
    for (let n = 0; n < samples; n++) {
      const [z, a] = [noisy, activation].map(({ data }) => data.subarray(n * size, (n + 1) * size));
      expect(furthest(a, asWritten(given, z))).toBeLessThan(1e-5);
    }
  });
});

describe('the server graph of the bundled tail', () => {
  const tail = readOnnx(readFileSync(tailFile), 'tail.onnx');
  const shape: [number, number, number] = [128, 32, 32];
  const filter = parts(shape, () => identity(128));
  const activation: Values = { dims: [1, ...shape], data: filled(shape, uniform(5)).data.map(Math.abs) };

  it('gives what the tail gives when nothing is filtered away and the denoiser is at its start', async () => {
    const before = await (await open(tail))({ activation });
    const denoiser = weightsOf(denoiserBody(128, 8, share(uniform(1))));
    const graph = serverGraph(tail, { filter, denoiser });
    expect(graph.graph.input.map(({ name }) => name)).toEqual(['activation']);
    const after = await (await open(graph))({ activation });
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(largestDifference(after.loc, before.loc)).toBeLessThan(1e-4);
    expect(largestDifference(after.conf, before.conf)).toBeLessThan(1e-5);
  });

  it('runs the denoiser behind the filter', async () => {
    const next = uniform(9);
    const denoiser = weightsOf(denoiserBody(128, 8, share(next)));
    denoiser['denoiser.2.weight'].data.forEach((_, i, data) => (data[i] = 0.1 * next()));
    const graph = serverGraph(tail, { filter, denoiser });
    const body = denoiserBody(128, 8, share(next));
    body.graph.initializer = graph.graph.initializer.filter(({ name }) => name.startsWith('denoiser.'));
    const { estimate } = await (await open(body))({ activation });
    const expected = await (await open(tail))({ activation: estimate });
    const found = await (await open(graph))({ activation });
    expect(largestDifference(found.loc, expected.loc)).toBeLessThan(1e-4);
    expect(largestDifference(estimate, activation)).toBeGreaterThan(0.01);
  });

  it("takes other weights in the place of the tail's, and no others", async () => {
    const own = tail.graph.initializer.find(tensor => dimsOf(tensor).length === 4)!;
    const doubled = { data: floatsOf(own).map(value => 2 * value), shape: dimsOf(own) };
    const { graph } = serverGraph(tail, { filter, tail: { [own.name]: doubled } });
    expect(furthest(floatsOf(graph.initializer.find(({ name }) => name === own.name)!), doubled.data)).toBe(0);
    expect(graph.initializer.filter(({ name }) => name === own.name)).toHaveLength(1);
    for (const [name, weight] of [
      ['nobody', doubled],
      [own.name, { data: new Float32Array(2), shape: [2] }]
    ] as const) {
      expect(() => serverGraph(tail, { filter, tail: { [name]: weight } })).toThrow(
        expect.objectContaining({ code: 'artefact_mismatch', message: expect.stringContaining(name) })
      );
    }
  });
});

it('the weights of a knot are told apart by their names', () => {
  const weight = { data: Float32Array.of(1), shape: [1] };
  expect(serverWeights({ 'denoiser.0.bias': weight, 'conv.bias': weight })).toEqual({
    denoiser: { 'denoiser.0.bias': weight },
    tail: { 'conv.bias': weight }
  });
  expect(serverWeights({})).toEqual({});
});
