import { join } from 'node:path';
import { dot } from '../../../test/graphs/gradient';
import { initialisersOf } from '../../../test/graphs/parameters';
import { filled, open, uniform, withPublished, type Values } from '../../../test/graphs/run';
import { readOnnxFile } from '../../models/onnx';
import { gradientOf } from '../adjoint';
import { detectionLoss } from './losses';
import { Trainer } from './trainer';

/** Half a path's length beside the weights' own: the loss changes by 5% on it, which float32 tells apart. */
const REACH = 1e-4;
/** Gradients taken on the way: with 8 the midpoint rule is off by 1e-3, where Relus change sides; with 32 by 1e-5. */
const STOPS = 24;

const [SAMPLES, PRIORS] = [1, 21824];

function feedsOf(next: () => number): Record<string, Values> {
  const scores = filled([SAMPLES, PRIORS], () => (next() > 0.998 ? 0.9 : 0.001));
  return {
    activation: filled([SAMPLES, 128, 32, 32], () => Math.max(0, next())),
    scores,
    boxes: filled([SAMPLES, PRIORS, 4], next)
  };
}

/**
 * What the loss changes along a path through the space of all weights is the integral of its gradient along it, kinks of
 * Relu or not. The integral is taken by the midpoint rule; returned is how far it is from the two-sided difference,
 * relative to it. The path goes down the gradient, each value weighted by chance.
 */
async function pathError(file: string): Promise<number> {
  const next = uniform(12);
  const tail = await readOnnxFile(file);
  const names = tail.graph.node.filter(({ opType }) => opType === 'Conv').flatMap(({ input: [, ...weights] }) => weights);
  const { model, gradients, loss } = await gradientOf(tail, {
    loss: detectionLoss(tail, { loc: 'loc', conf: 'conf' }),
    by: names
  });
  const [run, feeds, centre] = [await open(model), feedsOf(next), initialisersOf(tail, names)];
  const steepest = await run({ ...feeds, ...centre });
  const direction = names.map(name => steepest[gradients[name]].data.map(slope => slope * (0.5 + next())));
  const length = Math.hypot(...direction.map(values => Math.sqrt(dot(values, values))));
  const size = Math.hypot(...names.map(name => Math.sqrt(dot(centre[name].data, centre[name].data))));
  const scale = (REACH * size) / length;
  const at = (t: number) =>
    Object.fromEntries(
      names.map((name, i) => {
        const { data, dims } = centre[name];
        return [name, { dims, data: data.map((value, k) => value + t * scale * direction[i][k]) }] as const;
      })
    );
  const [above, below] = [await run({ ...feeds, ...at(1) }), await run({ ...feeds, ...at(-1) })];
  let integral = 0;
  for (let stop = 0; stop < STOPS; stop++) {
    const slopes = await run({ ...feeds, ...at((2 * stop + 1) / STOPS - 1) });
    const [from, to] = [stop, stop + 1].map(n => at((2 * n) / STOPS - 1));
    names.forEach(name => {
      const slope = slopes[gradients[name]].data;
      integral += dot(slope, to[name].data) - dot(slope, from[name].data);
    });
  }
  return Math.abs(integral / (above[loss].data[0] - below[loss].data[0]) - 1);
}

describe('the gradient by all weights of a tail agrees with two-sided differences', () => {
  const bundled = join(__dirname, '../../../models/faceboxes/tail.onnx');

  it('of the bundled FaceBoxes', async () => {
    expect(await pathError(bundled)).toBeLessThan(1e-3);
  });

  withPublished('of the published FaceBoxes', async folder => {
    expect(await pathError(join(folder, 'tail.onnx'))).toBeLessThan(1e-3);
  });
});

it('a whole tail is trained towards references, the same way every time', async () => {
  const tail = await readOnnxFile(join(__dirname, '../../../models/faceboxes/tail.onnx'));
  const train = async (): Promise<number[]> => {
    const feeds = feedsOf(uniform(13));
    const loss = detectionLoss(tail, { loc: 'loc', conf: 'conf' });
    const trainer = await Trainer.open(tail, loss, 'all', { learningRate: 1e-4, device: { providers: ['cpu'], threads: 2 } });
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) {
      losses.push(await trainer.step(feeds));
    }
    await trainer.release();
    return losses;
  };
  const [first, second] = [await train(), await train()];
  expect(first[2]).toBeLessThan(first[0]);
  expect(second).toEqual(first);
});
