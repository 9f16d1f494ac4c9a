import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { filled, largestDifference, open, uniform, type Values } from '../../../test/graphs/run';
import { DIGITS } from '../../../test/models/digits';
import { modelWithArtefact } from '../../../test/support/artefact';
import { parametersOf, readPbtxt } from '../../../test/triton/pbtxt';
import { loadModel, serverGraphAt } from '../../models';
import { sha256 } from '../../models/manifest';
import { readOnnx, readOnnxFile } from '../../models/onnx';
import { largestCode } from './codes';
import { servedModels, type ExportChoices, type ExportedModel, type ServedModel } from './export';

const CHOICES: ExportChoices = {
  alphas: [0.5, 0.1],
  base: true,
  names: 'graph',
  platform: 'onnxruntime',
  int16: false,
  maxBatch: 8,
  instances: [{ kind: 'auto', count: 1 }]
};

const folders: string[] = [];
async function modelOf(source?: string): Promise<ExportedModel> {
  const dir = await modelWithArtefact(undefined, source);
  folders.push(dirname(dir));
  const model = await loadModel(dir);
  return { ...model, obfuscation: model.obfuscation! };
}

let faces: ExportedModel;
let digits: ExportedModel;
beforeAll(async () => {
  faces = await modelOf();
  digits = await modelOf(DIGITS);
});
afterAll(() => folders.forEach(path => rmSync(path, { recursive: true })));

const graphOf = ({ files, name }: ServedModel) => readOnnx(files.get('1/model.onnx') as Uint8Array, name);
const configOf = ({ files }: ServedModel) => readPbtxt(files.get('config.pbtxt') as string);

describe('the models of a repository', () => {
  it('are the clean tail, and the server side of each ALPHA; the first is the one without ALPHA in its name', async () => {
    const served = await servedModels(faces, CHOICES);
    expect(served.map(({ name, alpha }) => [name, alpha])).toEqual([
      ['face_detection_base', null],
      ['face_detection_noisy', 0.5],
      ['face_detection_noisy_alpha_0.5', 0.5],
      ['face_detection_noisy_alpha_0.1', 0.1]
    ]);
    const tails = [await readOnnxFile(join(faces.dir, 'tail.onnx')), await serverGraphAt(faces, 0.5)];
    const activation = { dims: [1, 128, 32, 32], data: filled([128 * 1024], uniform(3)).data.map(Math.abs) };
    for (const [index, tail] of tails.entries()) {
      const expected = await (await open(tail))({ activation });
      const found = await (await open(graphOf(served[index])))({ activation });
      ['loc', 'conf'].forEach(name => expect(largestDifference(expected[name], found[name])).toBeLessThan(1e-5));
    }
  });

  it('say whose server side they are, so that a client finds a wrong one', async () => {
    const [base, noisy] = await servedModels(faces, { ...CHOICES, alphas: [0.9] });
    const { manifest, obfuscation } = faces;
    const hashes = { model: manifest.name, head_sha256: manifest.head.sha256, tail_sha256: manifest.tail.sha256 };
    expect(parametersOf(configOf(base))).toEqual({
      ...hashes,
      veilbook: expect.any(String),
      side: 'clean tail',
      graph_sha256: sha256(base.files.get('1/model.onnx') as Uint8Array)
    });
    expect(parametersOf(configOf(noisy))).toMatchObject({
      ...hashes,
      side: 'server side',
      alpha: '0.9',
      artefact_sha256: obfuscation.sha256,
      graph_sha256: noisy.sha256
    });
    expect(Object.fromEntries(graphOf(noisy).metadataProps.map(({ key, value }) => [key, value]))).toMatchObject(hashes);
  });

  it('have tensor names and files as they were asked for', async () => {
    const [noisy, ...others] = await servedModels(faces, {
      ...CHOICES,
      alphas: [0.5],
      base: false,
      names: 'report',
      platform: 'python'
    });
    expect([noisy.name, others]).toEqual(['face_detection_noisy', []]);
    expect(graphOf(noisy).graph.output.map(({ name }) => name)).toEqual(['OUTPUT__0', 'OUTPUT__1']);
    expect(configOf(noisy)).toMatchObject({
      backend: ['python'],
      input: [{ name: ['INPUT__0'], dims: [128, 32, 32] }],
      output: [
        { name: ['OUTPUT__0'], dims: [21824, 4] },
        { name: ['OUTPUT__1'], dims: [21824, 2] }
      ]
    });
    expect([...noisy.files.keys()]).toEqual(['config.pbtxt', '1/model.onnx', '1/model.py']);
  });

  it('are called by the task, and give three requests at once what they give each alone', async () => {
    const [base, noisy] = await servedModels(digits, { ...CHOICES, alphas: [0.1] });
    expect([base.name, noisy.name]).toEqual(['image_classification_base', 'image_classification_noisy']);
    const samples = [1, 2, 3].map(seed => filled([1, 16, 16, 16], uniform(seed)));
    const data = Float32Array.from(samples.flatMap(sample => Array.from(sample.data)));
    for (const served of [base, noisy]) {
      const run = await open(graphOf(served));
      const singles = await Promise.all(samples.map(async activation => (await run({ activation })).scores));
      const { scores } = await run({ activation: { dims: [3, 16, 16, 16], data } });
      expect(largestDifference(scores, joined(singles))).toBeLessThan(1e-6);
    }
  });

  it('take int16 codes of noisy activations for the same scores, bit for bit, and floats of clean ones', async () => {
    const choices = { ...CHOICES, alphas: [0.5] };
    const step = digits.obfuscation.step * 64;
    const coarse = { ...digits, obfuscation: { ...digits.obfuscation, step } };
    const [, floats] = await servedModels(coarse, choices);
    const [base, coded] = await servedModels(coarse, { ...choices, int16: true });
    expect(base.inputs[0].type).toBe('TYPE_FP32');
    expect(parametersOf(configOf(coded)).input_step).toBe(String(step));
    expect(configOf(coded).input).toMatchObject([{ data_type: ['TYPE_INT16'] }]);
    const most = largestCode(coarse.obfuscation, 0.5);
    const next = uniform(9);
    const codes = Int16Array.from({ length: 16 ** 3 }, () => Math.round(next() * most));
    const dims = [1, 16, 16, 16];
    const session = await InferenceSession.create(coded.files.get('1/model.onnx') as Uint8Array, { intraOpNumThreads: 1 });
    const { scores } = await session.run({ activation: new Tensor('int16', codes, dims) });
    const expected = await (await open(graphOf(floats)))({ activation: { dims, data: Float32Array.from(codes, n => n * step) } });
    expect(scores.data).toEqual(expected.scores.data);
  });

  it('refuse codes that int16 does not hold', async () => {
    await expect(servedModels(digits, { ...CHOICES, int16: true })).rejects.toMatchObject({
      code: 'bad_alpha',
      message: expect.stringMatching(/needs codes up to \d+, int16 ends at 32767\. Nothing was written\.$/)
    });
  });
});

function joined(parts: readonly Values[]): Values {
  const data = Float32Array.from(parts.flatMap(part => Array.from(part.data)));
  return { data, dims: [parts.length, ...parts[0].dims.slice(1)] };
}
