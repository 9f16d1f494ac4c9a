import { InferenceSession, Tensor } from 'onnxruntime-node';
import { filled, largestDifference, open, uniform } from '../../../test/graphs/run';
import { describeGraph, writeOnnx } from '../../models/onnx';
import { model, node, port } from '../../models/onnx/build';
import { floatTensor, integerTensor } from '../../models/onnx/tensors';
import { batched } from './batch';
import { renamed, takingCodes } from './ports';

/** Conv, then a Reshape to [1,-1,2], as exporters write a detector's end for one sample. */
const forOne = (shape: number[]) =>
  model({
    name: 'tail',
    nodes: [
      node('Conv', ['activation', 'w'], ['map'], { kernel_shape: [1, 1] }),
      node('Transpose', ['map'], ['last'], { perm: [0, 2, 3, 1] }),
      node('Reshape', ['last', 'shape'], ['conf'])
    ],
    inputs: [port('activation', [1, 4, 3, 3])],
    outputs: [port('conf', [1, 9, 2])],
    initialisers: [floatTensor('w', [2, 4, 1, 1], filled([8], uniform(1)).data), integerTensor('shape', shape)]
  });

const samples = [2, 3, 4].map(seed => filled([1, 4, 3, 3], uniform(seed)));
const together = {
  dims: [3, 4, 3, 3],
  data: Float32Array.from(samples.flatMap(({ data }) => Array.from(data)))
};

describe('a graph for requests together', () => {
  it('gives three samples at once what it gives each alone', async () => {
    const graph = await batched(forOne([1, -1, 2]));
    expect(describeGraph(graph)).toMatchObject({ inputs: [{ shape: [null, 4, 3, 3] }], outputs: [{ shape: [null, 9, 2] }] });
    const [alone, run] = [await open(forOne([1, -1, 2])), await open(graph)];
    const singles = await Promise.all(samples.map(activation => alone({ activation })));
    const { conf } = await run({ activation: together });
    const joined = Float32Array.from(singles.flatMap(single => Array.from(single.conf.data)));
    expect(largestDifference({ dims: [3, 9, 2], data: joined }, conf)).toBeLessThan(1e-6);
  });

  it('is refused where an output keeps the batch it was exported for', async () => {
    const summed = model({
      name: 'tail',
      nodes: [node('ReduceSum', ['activation', 'axes'], ['scores'], { keepdims: 0 })],
      inputs: [port('activation', ['N', 4, 3, 3])],
      outputs: [port('scores', [4])],
      initialisers: [integerTensor('axes', [0, 2, 3])]
    });
    await expect(batched(summed)).rejects.toMatchObject({
      code: 'bad_request',
      remedy: expect.stringContaining('--max-batch 0')
    });
  });
});

describe('ports of a served graph', () => {
  it('bear the names that are wanted, and the graph gives the same', async () => {
    const graph = renamed(
      forOne([1, 9, 2]),
      new Map([
        ['activation', 'INPUT__0'],
        ['conf', 'OUTPUT__0']
      ])
    );
    const before = await (await open(forOne([1, 9, 2])))({ activation: samples[0] });
    const after = await (await open(graph))({ INPUT__0: samples[0] });
    expect(Object.keys(after)).toEqual(['OUTPUT__0']);
    expect(after.OUTPUT__0.data).toEqual(before.conf.data);
  });

  it('are not called as a tensor inside is', () => {
    expect(() => renamed(forOne([1, 9, 2]), new Map([['conf', 'map']]))).toThrow(/has a tensor map inside/);
  });

  it('take int16 codes for exactly the floats that they stand for', async () => {
    const step = 2 ** -7;
    const codes = Int16Array.from({ length: 36 }, (_, i) => [-32768, 32767, -1, 0, 1, 12345][i % 6] + (i % 6 > 1 ? i : 0));
    const graph = takingCodes(forOne([1, 9, 2]), 'activation', [1, 4, 3, 3], step);
    const floats = await (
      await open(forOne([1, 9, 2]))
    )({
      activation: { dims: [1, 4, 3, 3], data: Float32Array.from(codes, code => code * step) }
    });
    const session = await InferenceSession.create(writeOnnx(graph), { intraOpNumThreads: 1 });
    const { conf } = await session.run({ activation: new Tensor('int16', codes, [1, 4, 3, 3]) });
    expect(conf.data).toEqual(floats.conf.data);
  });
});
