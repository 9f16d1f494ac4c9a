import { join } from 'node:path';
import { DIGITS } from '../../test/models/digits';
import { loadModel, type LoadedModel } from '../models';
import { tryModel } from './trial';

let digits: LoadedModel;

beforeAll(async () => {
  digits = await loadModel(DIGITS);
});

describe('a model is tried before it is added', () => {
  it('detectors and classifiers alike', async () => {
    await tryModel(digits);
    await tryModel(await loadModel());
  });

  it('and refused when a graph does not run as described', async () => {
    const { manifest } = digits;
    const swapped = { ...manifest, head: { ...manifest.head, file: 'tail.onnx' } } as typeof manifest;
    await expect(tryModel({ ...digits, manifest: swapped })).rejects.toMatchObject({
      code: 'model_mismatch',
      message: expect.stringContaining(join(DIGITS, 'tail.onnx'))
    });
  });
});
