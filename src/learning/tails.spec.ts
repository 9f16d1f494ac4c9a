import { join } from 'node:path';
import { dot, loss } from '../../test/graphs/gradient';
import { filled, open, uniform, withPublished, type Run, type Values } from '../../test/graphs/run';
import { readOnnxFile } from '../models/onnx';
import { adjointOf } from './adjoint';

/** Euclidean length of half a path through the space of activations: float32 outputs tell its ends apart. */
const REACH = 0.02;
/** Gradients taken on the way: between two of them hardly a Relu of the tail changes sides. */
const STOPS = 16;
const DIRECTIONS = 3;

/** An activation of a picture of soft noise on patches, moved off the exact zeros that a head's Relu leaves. */
async function activationOf(head: Run, input: string, next: () => number): Promise<Values> {
  const [size, patch] = [1024, 64];
  const patches = filled([3, size / patch, size / patch], () => 100 * next()).data;
  const data = Float32Array.from({ length: 3 * size * size }, (_, i) => {
    const [row, column] = [Math.floor(i / size / patch), Math.floor((i % size) / patch)];
    return patches[(row * size) / patch + column] + 10 * next();
  });
  const [activation] = Object.values(await head({ [input]: { data, dims: [1, 3, size, size] } }));
  return { ...activation, data: activation.data.map(value => value + 0.02 * Math.abs(next())) };
}

/** For each output of a tail, the largest relative error on a few paths that `pathError` finds for a loss of it alone. */
async function errorsOf(folder: string): Promise<{ loc: number; conf: number }> {
  const next = uniform(11);
  const [head, tail] = await Promise.all(['head.onnx', 'tail.onnx'].map(file => readOnnxFile(join(folder, file))));
  const adjoint = await adjointOf(tail);
  const [runHead, forward, backward] = await Promise.all([head, tail, adjoint.model].map(open));
  const a = await activationOf(runHead, head.graph.input[0].name, next);
  const silence = { loc: filled([1, 21824, 4], () => 0), conf: filled([1, 21824, 2], () => 0) };

  const worst = async (seeds: typeof silence): Promise<number> => {
    const slope = async (data: Float32Array) => {
      const { loc, conf } = adjoint.cotangents;
      return (await backward({ [adjoint.activation]: { ...a, data }, [loc]: seeds.loc, [conf]: seeds.conf }))[adjoint.gradient]
        .data;
    };
    const value = async (data: Float32Array) => loss(await forward({ [adjoint.activation]: { ...a, data } }), seeds);
    const steepest = await slope(a.data);
    const errors: number[] = [];
    for (let i = 0; i < DIRECTIONS; i++) {
      // A direction of chance alone is all but level; the gradient's, each value weighted by chance, is steep.
      errors.push(
        await pathError(
          a.data,
          steepest.map(along => along * (0.5 + next())),
          value,
          slope
        )
      );
    }
    return Math.max(...errors);
  };
  // Face scores all count the same way: with random signs little but rounding would be left of their differences.
  const faces = filled([1, 21824, 2], next);
  faces.data.forEach((seed, i) => (faces.data[i] = i % 2 === 1 ? Math.abs(seed) : 0));
  return { loc: await worst({ ...silence, loc: filled([1, 21824, 4], next) }), conf: await worst({ ...silence, conf: faces }) };
}

/**
 * What the loss changes from one end of a path to the other is the integral of its gradient along it, kinks or not.
 * The integral is taken by the midpoint rule; returned is how far it is from the two-sided difference, relative to it.
 */
async function pathError(
  centre: Float32Array,
  direction: Float32Array,
  value: (at: Float32Array) => Promise<number>,
  slope: (at: Float32Array) => Promise<Float32Array>
): Promise<number> {
  const scale = REACH / Math.sqrt(dot(direction, direction));
  const at = (t: number) => centre.map((start, i) => start + t * scale * direction[i]);
  const difference = (await value(at(1))) - (await value(at(-1)));
  let integral = 0;
  for (let stop = 0; stop < STOPS; stop++) {
    const [from, to] = [stop, stop + 1].map(n => at((2 * n) / STOPS - 1));
    const gradient = await slope(at((2 * stop + 1) / STOPS - 1));
    integral += dot(gradient, to) - dot(gradient, from);
  }
  return Math.abs(integral / difference - 1);
}

describe('the gradient of a whole tail agrees with two-sided differences', () => {
  it('of the bundled FaceBoxes', async () => {
    const { loc, conf } = await errorsOf(join(__dirname, '../../models/faceboxes'));
    expect(loc).toBeLessThan(1e-3);
    expect(conf).toBeLessThan(1e-3);
  });

  withPublished('of the published FaceBoxes', async folder => {
    const { loc, conf } = await errorsOf(folder);
    expect(loc).toBeLessThan(1e-3);
    expect(conf).toBeLessThan(1e-3);
  });
});
