import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { VeilError } from '../protocol';
import { loadDetector, loadModel, modelRef, summarise } from './folder';

const bundled = resolve(__dirname, '..', '..', 'models', 'faceboxes');
const published = resolve(__dirname, '..', '..', '..', 'shared', 'models', 'faceboxes-published');
let dir: string;

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'veilbook-model-')), 'My Model');
  cpSync(bundled, dir, { recursive: true });
});
afterEach(() => rmSync(resolve(dir, '..'), { recursive: true }));

const edit = (file: string, change: (document: Record<string, never>) => unknown) => {
  const path = join(dir, file);
  const document = JSON.parse(readFileSync(path, 'utf8'));
  change(document);
  writeFileSync(path, JSON.stringify(document));
};
const flip = (file: string) => {
  const bytes = readFileSync(join(dir, file));
  bytes[bytes.length - 40] ^= 1;
  writeFileSync(join(dir, file), bytes);
};
const remove = (...files: string[]) => files.forEach(file => rmSync(join(dir, file)));

async function failure(model = dir): Promise<VeilError> {
  const error: unknown = await loadModel(model).then(
    () => undefined,
    thrown => thrown
  );
  expect(error).toBeInstanceOf(VeilError);
  expect((error as VeilError).line).not.toContain('\n');
  return error as VeilError;
}

describe('a model folder', () => {
  it('is the bundled faceboxes when nothing is said', async () => {
    const model = await loadModel();
    expect(summarise(model)).toMatchObject({
      name: 'faceboxes',
      bundled: true,
      artefact: { kind: 'stationary-gaussian', calibrated: true, alpha_min: 0.05, alpha_max: 0.95 }
    });
    expect(summarise(model).artefact?.meaning).toMatch(/measured, not a guarantee/);
    expect(modelRef(model).head_sha256).toBe(model.manifest.head.sha256);
  });

  it('counts weights, not bytes', async () => {
    // The convolutions of FaceBoxes with their biases, batch normalisation folded in.
    const inception = 128 * 32 + 32 + (128 * 32 + 32) + 2 * (128 * 24 + 24) + 2 * (24 * 32 * 9 + 32) + (32 * 32 * 9 + 32);
    const head = 3 * 24 * 49 + 24 + 48 * 64 * 25 + 64;
    const between = 128 * 128 + 128 + 2 * (128 * 256 * 9 + 256) + 256 * 128 + 128;
    const outputs = (128 * 9 + 1) * 21 * 6 + 2 * ((256 * 9 + 1) * 6);
    expect((await loadModel()).parameters).toBe(head + 3 * inception + between + outputs);
  });

  it('needs no model.json with the shapes of FaceBoxes', async () => {
    remove('model.json', 'obfuscation.json', 'obfuscation.safetensors');
    const model = await loadModel(dir);
    expect(model.manifest).toMatchObject({
      name: 'my-model',
      head: { input: { name: 'image' } },
      postprocess: { score_cut: 0.05 }
    });
    expect(model.manifest.head.sha256).toBe((await loadModel()).manifest.head.sha256);
    expect(summarise(model)).toMatchObject({ bundled: false, artefact: null });
  });

  (existsSync(published) ? it : it.skip)('takes port names from the graphs, not from habit', async () => {
    const { manifest } = await loadDetector(published);
    expect(manifest.head.input.name).toBe('input');
    expect([manifest.tail.loc.name, manifest.tail.conf.name]).toEqual(['loc', 'conf']);
  });

  it('may carry its artefact without a model.json', async () => {
    remove('model.json');
    expect((await loadModel(dir)).obfuscation).not.toBeNull();
  });

  it('runs clean without an artefact', async () => {
    edit('model.json', document => delete document.obfuscation);
    remove('obfuscation.json', 'obfuscation.safetensors');
    expect((await loadModel(dir)).obfuscation).toBeNull();
  });
});

describe('a bad model folder', () => {
  it('that is not there', async () => {
    expect(await failure(join(dir, 'nowhere'))).toMatchObject({
      code: 'model_missing',
      message: expect.stringContaining('nowhere')
    });
    expect(await failure('no-such-model')).toMatchObject({ code: 'model_missing' });
  });

  it('without one of its graphs', async () => {
    remove('tail.onnx');
    expect(await failure()).toMatchObject({ code: 'model_missing', message: expect.stringContaining('tail.onnx') });
  });

  it.each(['head.onnx', 'tail.onnx', 'obfuscation.json', 'obfuscation.safetensors'])(
    'with another %s than described',
    async file => {
      flip(file);
      const error = await failure();
      expect(error.code).toBe('model_mismatch');
      expect(error.message).toMatch(/sha256 [0-9a-f]{4}…, its description says [0-9a-f]{4}…/);
      expect(error.message).toContain(file);
    }
  );

  it('whose model.json is not one', async () => {
    edit('model.json', document => Object.assign(document, { input: { width: 0 } }));
    expect(await failure()).toMatchObject({ code: 'model_mismatch', message: expect.stringContaining('/input') });
    writeFileSync(join(dir, 'model.json'), '{');
    expect(await failure()).toMatchObject({ code: 'model_mismatch', message: expect.stringContaining('not JSON') });
  });

  it('whose model.json names a file outside the folder', async () => {
    edit('model.json', document => Object.assign(document.head, { file: '../head.onnx' }));
    expect(await failure()).toMatchObject({ code: 'model_mismatch', message: expect.stringContaining('../head.onnx') });
  });

  it('whose model.json names ports or shapes that the graphs have not', async () => {
    edit('model.json', document =>
      Object.assign(document.head, { input: { name: 'x', shape: [3, 1024, 1024], dtype: 'float32' } })
    );
    expect(await failure()).toMatchObject({
      code: 'model_mismatch',
      message: expect.stringContaining('no input named x; it has: image')
    });
  });

  it('whose graphs are not FaceBoxes and which describes nothing', async () => {
    remove('model.json', 'obfuscation.json', 'obfuscation.safetensors');
    cpSync(join(dir, 'tail.onnx'), join(dir, 'head.onnx'));
    expect((await failure()).code).toBe('model_mismatch');
    writeFileSync(join(dir, 'head.onnx'), 'text');
    expect(await failure()).toMatchObject({ code: 'model_mismatch', message: expect.stringContaining('not an ONNX model') });
  });

  it('with the artefact of another model', async () => {
    remove('model.json');
    edit('obfuscation.json', document => Object.assign(document, { head_sha256: '9c1f'.padEnd(64, '0') }));
    const error = await failure();
    expect(error.code).toBe('artefact_mismatch');
    expect(error.line).toMatch(
      /^artefact belongs to another head \(sha256 9c1f…, this model has [0-9a-f]{4}…\)\. Nothing was sent\. /
    );
  });

  it('whose declared artefact is not there', async () => {
    remove('obfuscation.safetensors');
    expect((await failure()).code).toBe('artefact_missing');
    remove('obfuscation.json');
    expect((await failure()).code).toBe('artefact_missing');
  });
});

describe('a damaged graph', () => {
  it('gives a typed error or another reading, never a crash', async () => {
    remove('model.json', 'obfuscation.json', 'obfuscation.safetensors');
    const whole = readFileSync(join(bundled, 'head.onnx'));
    for (let i = 0; i < 60; i++) {
      const damaged = Uint8Array.from(whole.subarray(0, i % 2 ? whole.length : 1 + ((i * 9973) % whole.length)));
      damaged[(i * 7919) % Math.min(damaged.length, 4000)] ^= 1 << (i % 8);
      writeFileSync(join(dir, 'head.onnx'), damaged);
      await loadModel(dir).catch(error => expect(error).toBeInstanceOf(VeilError));
    }
  });
});
