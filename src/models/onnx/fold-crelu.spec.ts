import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { model, node, port } from './build';
import { foldCrelu } from './fold-crelu';
import { readOnnx, writeOnnx, type OnnxModel } from './model';
import { floatTensor } from './tensors';

const head = readOnnx(readFileSync(resolve(__dirname, '../../../models/faceboxes/head.onnx')), 'head.onnx');
const ops = ({ graph }: OnnxModel) => graph.node.map(({ opType }) => opType);

/** Conv with `channels` inputs -> Concat of it and its negative -> what `tail` says. */
function crelu(channels: number, tail: [op: string, from: string], outputs = ['y']): OnnxModel {
  return model({
    name: 'crelu',
    nodes: [
      node('Conv', ['x', 'w', 'b'], ['c']),
      node('Neg', ['c'], ['n']),
      node('Concat', ['c', 'n'], ['k'], { axis: 1 }),
      node(tail[0], [tail[1]], ['y'])
    ],
    inputs: [port('x', [1, channels, 4, 4])],
    outputs: outputs.map(name => port(name)),
    initialisers: [
      floatTensor(
        'w',
        [2, channels, 1, 1],
        Float32Array.from({ length: 2 * channels }, (_, i) => Math.sin(i))
      ),
      floatTensor('b', [2], Float32Array.of(0.1, -0.2))
    ]
  });
}

describe('folding of CReLU', () => {
  it('leaves the outputs of the bundled head as they are, to the last bit', async () => {
    const folded = foldCrelu(head);
    // The second, larger convolution stays as it was.
    expect(ops(folded)).toEqual(['Conv', 'Relu', 'MaxPool', 'Conv', 'Neg', 'Concat', 'Relu', 'MaxPool']);
    const image = new Tensor(
      'float32',
      new Float32Array(3 * 1024 * 1024).map((_, i) => ((i * 7919) % 256) - 110),
      [1, 3, 1024, 1024]
    );
    const [before, after] = await Promise.all(
      [head, folded].map(async graph => {
        const session = await InferenceSession.create(writeOnnx(graph));
        const { activation } = await session.run({ image });
        await session.release();
        return Buffer.from((activation.data as Float32Array).buffer);
      })
    );
    expect(after.equals(before)).toBe(true);
  }, 30_000);

  it('takes place where the convolution is small and its parts are read by nobody else', () => {
    expect(ops(foldCrelu(crelu(3, ['Relu', 'k'])))).toEqual(['Conv', 'Relu']);
    for (const other of [
      crelu(300, ['Relu', 'k']),
      crelu(3, ['Sigmoid', 'k']),
      crelu(3, ['Relu', 'n']),
      crelu(3, ['Relu', 'k'], ['y', 'c'])
    ]) {
      expect(foldCrelu(other)).toBe(other);
    }
  });
});
