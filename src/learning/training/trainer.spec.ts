import { filled, uniform, type Values } from '../../../test/graphs/run';
import { replaceWeights } from '../../models/onnx/replace-weights';
import { type OnnxModel } from '../../models/onnx';
import { model, node, port } from '../../models/onnx/build';
import { floatTensor } from '../../models/onnx/tensors';
import { LearningSession } from '../session';
import { Adam, normOf } from './adam';
import { squaredError } from './losses';
import { Trainer, type TrainerOptions } from './trainer';

const OPTIONS: TrainerOptions = { learningRate: 0.02, device: { providers: ['cpu'], threads: 1 } };

/** y = W x + b by a convolution of 1 x 1, then a fixed matrix from the left. */
function linear(): OnnxModel {
  const next = uniform(1);
  const tensors: Record<string, number[]> = { w: [3, 2, 1, 1], b: [3], turn: [4, 4] };
  return model({
    name: 'net',
    nodes: [node('Conv', ['x', 'w', 'b'], ['z']), node('MatMul', ['turn', 'z'], ['y'])],
    inputs: [port('x', ['N', 2, 4, 4])],
    outputs: [port('y', ['N', 3, 4, 4])],
    initialisers: Object.entries(tensors).map(([name, dims]) => floatTensor(name, dims, filled(dims, next).data))
  });
}

/** Batches of x and of what the network with other weights makes of it. */
async function lessons(truth: OnnxModel, count: number): Promise<Record<string, Values>[]> {
  const next = uniform(7);
  const session = await LearningSession.open(truth, OPTIONS.device);
  const batches: Record<string, Values>[] = [];
  for (let i = 0; i < count; i++) {
    const x = filled([4, 2, 4, 4], next);
    batches.push({ x, reference: (await session.run({ x })).y });
  }
  return batches;
}

describe('a trainer', () => {
  const network = linear();
  const next = uniform(2);
  const truth = {
    w: { data: filled([3, 2, 1, 1], next).data, shape: [3, 2, 1, 1] },
    b: { data: filled([3], next).data, shape: [3] }
  };
  const open = (options: Partial<TrainerOptions> = {}) =>
    Trainer.open(network, squaredError(network, 'y'), 'all', { ...OPTIONS, ...options });

  it('learns a known linear map, and leaves constants of other operators alone', async () => {
    const steps = 400;
    const trainer = await open({ steps });
    const batches = await lessons(replaceWeights(network, truth), steps);
    let loss = Infinity;
    for (const batch of batches) {
      loss = await trainer.step(batch);
    }
    const found = trainer.weights();
    expect(loss).toBeLessThan(1e-7);
    expect(Object.keys(found).sort()).toEqual(['b', 'w']);
    for (const [name, { data, shape }] of Object.entries(truth)) {
      expect(found[name].shape).toEqual(shape);
      found[name].data.forEach((value, i) => expect(value).toBeCloseTo(data[i], 3));
    }
    await trainer.release();
  });

  it('takes the same steps every time, and from loaded weights those of a new trainer', async () => {
    const batches = await lessons(replaceWeights(network, truth), 5);
    const [first, second] = await Promise.all([open(), open()]);
    const start = first.weights();
    const run = async (trainer: Trainer): Promise<number[]> => {
      const losses: number[] = [];
      for (const batch of batches) {
        losses.push(await trainer.step(batch));
      }
      return losses;
    };
    const losses = await run(first);
    expect(losses[4]).toBeLessThan(losses[0]);
    expect(await run(second)).toEqual(losses);
    expect(second.weights()).toEqual(first.weights());
    first.load(start);
    expect(await run(first)).toEqual(losses);
    expect(first.weights()).toEqual(second.weights());
  });

  it('says that it left the finite numbers, and keeps the last weights with a finite loss', async () => {
    const trainer = await open();
    const [batch] = await lessons(replaceWeights(network, truth), 1);
    const good = trainer.weights();
    await trainer.step(batch);
    const bad = { ...batch, reference: { ...batch.reference, data: batch.reference.data.map(() => NaN) } };
    await expect(trainer.step(bad)).rejects.toThrow('Training left the finite numbers at step 2. The last weights');
    expect(trainer.weights()).toEqual(good);
    await expect(trainer.step(batch)).resolves.toBeLessThan(100);
  });

  it('refuses weights of another network', async () => {
    const trainer = await open();
    expect(() => trainer.load({ w: truth.w })).toThrow('Weights b are missing, expected [3]. Nothing was loaded.');
    expect(() => trainer.load({ ...truth, b: { data: new Float32Array(2), shape: [2] } })).toThrow(
      'Weights b are [2], expected [3]'
    );
  });
});

describe('Adam', () => {
  const parameter = () => [Float32Array.of(1, -2)];

  it('takes a first step of the rate against the sign of the gradient, whatever its length', () => {
    for (const scale of [1e-3, 1, 1e3]) {
      const values = parameter();
      new Adam([2], { learningRate: 0.1 }).step(values, [Float32Array.of(scale, -scale)]);
      expect(values[0][0]).toBeCloseTo(0.9, 4);
      expect(values[0][1]).toBeCloseTo(-1.9, 4);
    }
  });

  it('agrees with the paper over several steps', () => {
    const values = parameter();
    const adam = new Adam([2], { learningRate: 0.01 });
    let [at, m, v] = [1, 0, 0];
    for (let t = 1; t <= 20; t++) {
      const slope = Math.sin(t) + 0.3;
      adam.step(values, [Float32Array.of(slope, 0)]);
      m = 0.9 * m + 0.1 * slope;
      v = 0.999 * v + 0.001 * slope * slope;
      at -= (0.01 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
    }
    expect(values[0][0]).toBeCloseTo(at, 5);
    expect(values[0][1]).toBe(-2);
  });

  it('lets its rate fall to nothing along half a cosine', () => {
    const adam = new Adam([2], { learningRate: 1, steps: 4 });
    const rates = Array.from({ length: 6 }, () => {
      const { rate } = adam;
      adam.step(parameter(), [Float32Array.of(1, 1)]);
      return rate;
    });
    [1, 0.853553, 0.5, 0.146447, 0, 0].forEach((rate, i) => expect(rates[i]).toBeCloseTo(rate, 5));
  });

  it('scales a longer gradient down to the longest', () => {
    const [clipped, short] = [parameter(), parameter()];
    const longest = 0.5;
    const adams = [new Adam([2], { learningRate: 0.1, longest }), new Adam([2], { learningRate: 0.1 })];
    for (const scale of [1, 10]) {
      adams[0].step(clipped, [Float32Array.of(3 * scale, 4 * scale)]);
      adams[1].step(short, [Float32Array.of(0.3, 0.4)]);
    }
    clipped[0].forEach((value, i) => expect(value).toBeCloseTo(short[0][i], 5));
  });

  it('is told that a gradient is not finite', () => {
    expect(normOf([Float32Array.of(3), Float32Array.of(4)])).toBe(5);
    expect(normOf([Float32Array.of(3, NaN)])).toBeNaN();
    expect(normOf([Float32Array.of(3, -Infinity)])).toBe(Infinity);
  });
});

describe('replacing weights', () => {
  const network = linear();
  const shape = [3];

  it('changes those named, by copies, in another model', () => {
    const data = Float32Array.of(1, 2, 3);
    const changed = replaceWeights(network, { b: { data, shape } });
    data.fill(0);
    const [before, after] = [network, changed].map(({ graph }) =>
      graph.initializer.map(({ name, rawData }) => [name, `${rawData}`])
    );
    expect(after.filter(([name]) => name !== 'b')).toEqual(before.filter(([name]) => name !== 'b'));
    expect(changed.graph.initializer.find(({ name }) => name === 'b')!.rawData).toEqual(
      new Uint8Array(Float32Array.of(1, 2, 3).buffer)
    );
    expect(network.graph.initializer).toEqual(linear().graph.initializer);
  });

  it('refuses another name and another shape', () => {
    expect(() => replaceWeights(network, { c: { data: new Float32Array(3), shape } })).toThrow('no weights named c');
    expect(() => replaceWeights(network, { w: { data: new Float32Array(3), shape } })).toThrow('Weights w are [3] of 3 values');
  });
});
