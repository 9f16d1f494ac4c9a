import { join } from 'node:path';
import { filled, largestDifference, open, uniform, withPublished } from '../../../test/graphs/run';
import { model, node, port } from './build';
import { opsetOf, readOnnxFile, type OnnxModel } from '.';
import { raiseOpset } from './opset';
import { integerTensor } from './tensors';

const next = uniform(3);

/** Every operator that was written otherwise in set 9, in one chain from x [2, 3, 4]. */
function old(): OnnxModel {
  const nodes = [
    node('Unsqueeze', ['x'], ['u'], { axes: [1] }),
    node('Pad', ['u'], ['p'], { pads: [0, 0, 1, 0, 0, 0, 1, 2], value: { float: 0.5 } }),
    node('Slice', ['p'], ['s'], { axes: [2, 3], starts: [0, 1], ends: [4, 5] }),
    node('Clip', ['s'], ['c'], { min: { float: -0.25 } }),
    node('Softmax', ['c'], ['soft'], { axis: 2 }),
    node('Split', ['soft'], ['left', 'right'], { axis: 3, split: [1, 3] }),
    node('ReduceSum', ['right'], ['sum'], { axes: [3], keepdims: 1 }),
    node('Mul', ['left', 'sum'], ['m']),
    node('Dropout', ['m'], ['d'], { ratio: { float: 0.5 } }),
    node('Squeeze', ['d'], ['y'], { axes: [1] })
  ];
  const parts = { name: 'old', nodes, inputs: [port('x', [2, 3, 4])], outputs: [port('y')], initialisers: [] };
  return model(parts, 9, 6);
}

describe('a graph raised to operator set 17', () => {
  it('gives what it gave', async () => {
    const raised = raiseOpset(old());
    expect(opsetOf(raised)).toBe(17);
    const x = filled([2, 3, 4], next);
    const [before, after] = await Promise.all([old(), raised].map(async graph => (await open(graph))({ x })));
    expect(largestDifference(before.y, after.y)).toBeLessThan(1e-6);
  });

  it('stays as it is when it is newer', () => {
    const newer = model({ name: 'n', nodes: [], inputs: [], outputs: [], initialisers: [integerTensor('i', [1])] }, 19);
    expect(raiseOpset(newer)).toBe(newer);
  });

  it('is refused from before set 7', () => {
    const parts = { name: 'n', nodes: [], inputs: [], outputs: [], initialisers: [] };
    expect(() => raiseOpset(model(parts, 6))).toThrow('operator set 6, the oldest understood is 7');
  });

  withPublished('gives the boxes and scores of the published tail', async folder => {
    const tail = await readOnnxFile(join(folder, 'tail.onnx'));
    const activation = filled([2, 128, 32, 32], () => Math.abs(next()));
    const [before, after] = await Promise.all([tail, raiseOpset(tail)].map(async graph => (await open(graph))({ activation })));
    expect(largestDifference(before.loc, after.loc)).toBeLessThan(1e-5);
    expect(largestDifference(before.conf, after.conf)).toBeLessThan(1e-5);
  });
});
