import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIGITS } from '../../test/models/digits';
import { loadModel } from '../models';
import { port, withGraph } from '../models/onnx/build';
import { readOnnxFile, writeOnnx } from '../models/onnx';
import { sha256 } from '../models/manifest';
import { tryModel } from './trial';

describe('a model is tried before it is added', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'veilbook-trial-'));
    cpSync(DIGITS, dir, { recursive: true });
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('detectors and classifiers alike', async () => {
    await tryModel(await loadModel(dir));
    await tryModel(await loadModel());
  });

  it('and refused when a graph does not run as described', async () => {
    const model = await loadModel(dir);
    cpSync(join(dir, 'tail.onnx'), join(dir, 'head.onnx'));
    await expect(tryModel(model)).rejects.toMatchObject({
      code: 'model_mismatch',
      message: expect.stringContaining(join(dir, 'head.onnx'))
    });
  });

  it('and refused when a classifier leaves its softmax out', async () => {
    const tail = await readOnnxFile(join(dir, 'tail.onnx'));
    const bytes = writeOnnx(withGraph(tail, { node: tail.graph.node.slice(0, -1), output: [port('logits', ['N', 10])] }));
    writeFileSync(join(dir, 'tail.onnx'), bytes);
    const manifest = JSON.parse(readFileSync(join(dir, 'model.json'), 'utf8'));
    manifest.tail = { ...manifest.tail, sha256: sha256(bytes), scores: { ...manifest.tail.scores, name: 'logits' } };
    writeFileSync(join(dir, 'model.json'), JSON.stringify(manifest));
    await expect(tryModel(await loadModel(dir))).rejects.toMatchObject({
      code: 'model_mismatch',
      message: expect.stringContaining('after Softmax')
    });
  });
});
