import { DIGITS, digitPictures } from '../../test/models/digits';
import { open } from '../../test/graphs/run';
import { join } from 'node:path';
import { readOnnxFile } from './onnx';
import { loadModel, modelRef, summarise } from './folder';

describe('the classifier of the tests', () => {
  it('is a model folder as any other', async () => {
    const model = await loadModel(DIGITS);
    expect(summarise(model)).toMatchObject({ name: 'digits', bundled: false, parameters: 18714, artefact: null });
    expect(modelRef(model).tail_sha256).toBe(model.manifest.tail.sha256);
  });

  it('knows nineteen of twenty digits it was not trained on', async () => {
    const [head, tail] = await Promise.all(
      ['head.onnx', 'tail.onnx'].map(async file => open(await readOnnxFile(join(DIGITS, file))))
    );
    let right = 0;
    const pictures = await digitPictures();
    for (const { label, data } of pictures) {
      const image = {
        data: Float32Array.from({ length: data.length }, (_, i) => data[3 * (i % 4096) + Math.floor(i / 4096)] - 128),
        dims: [1, 3, 64, 64]
      };
      const { activation } = await head({ image });
      const { scores } = await tail({ activation });
      right += scores.data.indexOf(Math.max(...scores.data)) === label ? 1 : 0;
    }
    expect(right / pictures.length).toBeGreaterThan(0.95);
  });
});
