import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from '../../test/graphs/run';
import { DIGITS, digitPictures } from '../../test/models/digits';
import { VeilError } from '../protocol';
import { readOnnxFile } from './onnx';
import { loadDetector, loadModel, modelRef, summarise } from './folder';

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

describe('a classifier is refused', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'veilbook-digits-'));
    cpSync(DIGITS, dir, { recursive: true });
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const describeAs = (change: object) => {
    const path = join(dir, 'model.json');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...change }));
  };
  async function refusal(load: (dir: string) => Promise<unknown> = loadModel): Promise<VeilError> {
    const error: unknown = await load(dir).then(
      () => undefined,
      thrown => thrown
    );
    expect(error).toBeInstanceOf(VeilError);
    expect((error as VeilError).line).not.toContain('\n');
    return error as VeilError;
  }

  it('without a model.json, which it needs', async () => {
    rmSync(join(dir, 'model.json'));
    const { code, message, remedy } = await refusal();
    expect(code).toBe('model_mismatch');
    expect(message).toContain('has no model.json, and only FaceBoxes goes without: tail.onnx');
    expect(remedy).toContain('model.json');
  });

  it('with a task that is not known', async () => {
    describeAs({ task: 'toString' });
    const known = 'known are face-detection and image-classification';
    expect(await refusal()).toMatchObject({ code: 'model_mismatch', message: expect.stringContaining(known) });
  });

  it.each([[['one', 'two']], [[]], [Array(11).fill('many')]])('with labels %j for ten classes', async labels => {
    describeAs({ labels });
    expect(await refusal()).toMatchObject({ message: expect.stringContaining(`${labels.length} labels for 10 classes`) });
  });

  it.each([[[5, 2]], [[11]], [[]]])('with scores of %j', async shape => {
    const { tail } = (await loadModel(dir)).manifest;
    describeAs({ tail: { ...tail, scores: { name: 'scores', shape, dtype: 'float32' } } });
    expect(await refusal()).toMatchObject({ code: 'model_mismatch', message: expect.stringContaining('scores') });
  });

  it("with a detector's post-processing", async () => {
    describeAs({ priors: [] });
    expect(await refusal()).toMatchObject({ code: 'model_mismatch', message: expect.stringContaining('/priors') });
  });

  it('where a detector is wanted', async () => {
    expect(await refusal(loadDetector)).toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('is for image-class')
    });
  });
});
