import { InferenceSession, Tensor } from 'onnxruntime-node';
import { model, node, port } from './build';
import { mergeHeads } from './merge-heads';
import { writeOnnx, type OnnxModel } from './model';
import { pairSoftmax } from './pair-softmax';
import { poolCrelu } from './pool-crelu';
import { spreadCrelu } from './spread-crelu';
import { elements, floatTensor } from './tensors';

const ops = ({ graph }: OnnxModel) => graph.node.map(({ opType }) => opType);
const waves = (shape: number[], step: number) =>
  new Float32Array(elements(shape)).map((_, i) => Math.sin(step * i) - 0.3 * Math.cos(7 * step * i));
const weights = (name: string, shape: number[]) => floatTensor(name, shape, waves(shape, 0.71));

async function run(graph: OnnxModel, shape: number[]): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(writeOnnx(graph));
  const outputs = await session.run({ x: new Tensor('float32', waves(shape, 0.37), shape) });
  await session.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
}

const IMAGE = [1, 3, 16, 16];

/** Conv -> CReLU -> MaxPool -> Conv; what is named in `seen` is an output too. */
function crelu(channels: number, seen: string[] = []): OnnxModel {
  return model({
    name: 'crelu',
    nodes: [
      node('Conv', ['x', 'w', 'b'], ['c'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Neg', ['c'], ['n']),
      node('Concat', ['c', 'n'], ['k'], { axis: 1 }),
      node('Relu', ['k'], ['r']),
      node('MaxPool', ['r'], ['p'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] }),
      node('Conv', ['p', 'v', 'a'], ['y'], { kernel_shape: [1, 1] })
    ],
    inputs: [port('x', IMAGE)],
    outputs: ['y', ...seen].map(name => port(name)),
    initialisers: [
      weights('w', [channels, 3, 3, 3]),
      weights('b', [channels]),
      weights('v', [5, 2 * channels, 1, 1]),
      weights('a', [5])
    ]
  });
}

describe('a CReLU before MaxPool', () => {
  it('is pooled first where its channels fill the blocks', async () => {
    const pooled = poolCrelu(crelu(32));
    expect(ops(pooled)).toEqual(['Conv', 'BatchNormalization', 'MaxPool', 'MaxPool', 'Concat', 'Relu', 'Conv']);
    expect(await run(pooled, IMAGE)).toEqual(await run(crelu(32), IMAGE));
  });

  it.each([20, 24, 28])('has its %d channels spread over whole blocks', async channels => {
    const spread = spreadCrelu(crelu(channels));
    expect(ops(spread)).toEqual(['Conv', 'MaxPool', 'Relu', 'Conv', 'Relu', 'MaxPool', 'Conv', 'Conv', 'Add']);
    const [{ y: after }, { y: before }] = [await run(spread, IMAGE), await run(crelu(channels), IMAGE)];
    // Processors without blocks of 16 add in another order.
    after.forEach((value, i) => expect(value).toBeCloseTo(before[i], 4));
  });

  it('stays as it is where the rewrite would not pay, or somebody reads a part', () => {
    for (const other of [crelu(24), crelu(32, ['r']), crelu(32, ['c'])]) {
      expect(poolCrelu(other)).toBe(other);
    }
    for (const other of [crelu(8), crelu(32), crelu(24, ['p']), crelu(24, ['n'])]) {
      expect(spreadCrelu(other)).toBe(other);
    }
  });
});

const FEATURES = [1, 3, 4, 4];

/** Two heads on one tensor with a Transpose each. */
function heads([left, right]: [number, number], opset?: number, pads = [1, 1, 1, 1]): OnnxModel {
  return model(
    {
      name: 'heads',
      nodes: [
        node('Conv', ['x', 'w', 'b'], ['l'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
        node('Transpose', ['l'], ['left'], { perm: [0, 2, 3, 1] }),
        node('Conv', ['x', 'v', 'a'], ['r'], { pads, kernel_shape: [3, 3] }),
        node('Transpose', ['r'], ['right'], { perm: [0, 2, 3, 1] })
      ],
      inputs: [port('x', FEATURES)],
      outputs: [port('left'), port('right')],
      initialisers: [weights('w', [left, 3, 3, 3]), weights('b', [left]), weights('v', [right, 3, 3, 3]), weights('a', [right])]
    },
    opset
  );
}

describe('heads on one tensor', () => {
  it.each([11, 17])('are one convolution where that saves a block, in operator set %d', async opset => {
    const merged = mergeHeads(heads([4, 2], opset));
    expect(ops(merged)).toEqual(['Conv', 'Transpose', 'Split']);
    expect(await run(merged, FEATURES)).toEqual(await run(heads([4, 2], opset), FEATURES));
  });

  it('stay apart where it saves none, or their kernels differ', () => {
    for (const other of [heads([16, 2]), heads([4, 2], 17, [0, 0, 0, 0])]) {
      expect(mergeHeads(other)).toBe(other);
    }
  });
});

function softmax(last: number | string, axis: number): OnnxModel {
  return model({
    name: 'softmax',
    nodes: [node('Softmax', ['x'], ['y'], { axis })],
    inputs: [port('x', [1, 40, last])],
    outputs: [port('y', [1, 40, last])],
    initialisers: []
  });
}

describe('softmax of pairs', () => {
  it('is a sigmoid of their difference', async () => {
    const pairs = pairSoftmax(softmax(2, -1));
    expect(ops(pairs)).toEqual(['MatMul', 'Sigmoid']);
    const [{ y: after }, { y: before }] = [await run(pairs, [1, 40, 2]), await run(softmax(2, -1), [1, 40, 2])];
    after.forEach((value, i) => expect(Math.abs(value - before[i])).toBeLessThanOrEqual(1e-6));
  });

  it('stays as it is for other rows, or rows that are not known', () => {
    for (const other of [softmax(3, -1), softmax('n', -1), softmax(2, 1)]) {
      expect(pairSoftmax(other)).toBe(other);
    }
  });
});
