import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readOnnx, writeOnnx, type OnnxModel } from './onnx';
import { forRuntime } from './runtime-graph';

const root = resolve(__dirname, '../..');
const published = join(root, '../shared/models/faceboxes-published');
const models: [string, string][] = [['bundled', join(root, 'models/faceboxes')]];
if (existsSync(published)) {
  models.push(['published', published]);
} else {
  process.stderr.write(`skipped: the published model is not at ${published}\n`);
}

/** Elsewhere the runtime has no blocks, and adds in another order. */
const ROUNDING = process.arch === 'x64' ? 0 : 2e-5;

const ops = ({ graph }: OnnxModel) => graph.node.map(({ opType }) => opType);
const image = new Tensor(
  'float32',
  new Float32Array(3 * 1024 * 1024).map((_, i) => 128 * Math.sin(i / 97) * Math.cos(i / 40_009) - (i % 11)),
  [1, 3, 1024, 1024]
);

async function run(graph: OnnxModel, input: Tensor): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(writeOnnx(graph));
  const outputs = await session.run({ [session.inputNames[0]]: input });
  await session.release();
  return outputs as Record<string, Tensor>;
}

function furthest(a: Tensor, b: Tensor): number {
  expect(a.dims).toEqual(b.dims);
  const [left, right] = [a.data as Float32Array, b.data as Float32Array];
  return left.reduce((most, value, i) => Math.max(most, Math.abs(value - right[i])), 0);
}

describe.each(models)('the %s model, rewritten for processors', (_, folder) => {
  const read = (file: string): OnnxModel => readOnnx(readFileSync(join(folder, file)), file);

  it('keeps activation and boxes to the last bit and scores within 1e-6, under their names', async () => {
    const [head, tail] = [read('head.onnx'), read('tail.onnx')];
    const plain = await run(head, image);
    const { activation } = plain;
    expect(furthest((await run(forRuntime(head, { kind: 'cpu' }), image)).activation, activation)).toBeLessThanOrEqual(ROUNDING);
    const before = await run(tail, activation);
    const after = await run(forRuntime(tail, { kind: 'cpu' }), activation);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(furthest(after.loc, before.loc)).toBeLessThanOrEqual(ROUNDING);
    expect(furthest(after.conf, before.conf)).toBeLessThanOrEqual(1e-6);
  }, 60_000);

  it('has neither negations nor heads apart', () => {
    expect(ops(forRuntime(read('head.onnx'), { kind: 'cpu' }))).not.toContain('Neg');
    const convs = (graph: OnnxModel) => ops(graph).filter(op => op === 'Conv').length;
    const tail = read('tail.onnx');
    expect(convs(forRuntime(tail, { kind: 'cpu' }))).toBe(convs(tail) - 3);
  });

  it('is rewritten for processors alone where blocks of channels are the reason', () => {
    expect(ops(forRuntime(read('head.onnx'), { kind: 'cuda' }))).toContain('Neg');
    const tail = read('tail.onnx');
    expect(forRuntime(tail, { kind: 'cuda' })).toBe(tail);
  });
});
