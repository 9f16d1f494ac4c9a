import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DetectDocument } from '../../src/protocol';
import { root, veilbook } from './cli';
import { hugePng, ramps } from './images';

jest.setTimeout(120_000);

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-bad-'));
  const photo = await ramps();
  writeFileSync(at('good.jpg'), photo);
  writeFileSync(at('truncated.jpg'), photo.subarray(0, 3000));
  writeFileSync(at('empty.jpg'), '');
  writeFileSync(at('text.jpg'), 'This is not a picture.\n');
  writeFileSync(at('huge.png'), await hugePng(20_000, 20_000));
  mkdirSync(at('folder.jpg'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a bad image is one line that names it, and nothing else is run', () => {
  it.each([
    ['truncated.jpg', 3, 'is truncated after 3,000'],
    ['empty.jpg', 3, 'is empty (0 bytes)'],
    ['text.jpg', 3, 'is not a JPEG, PNG, WebP, TIFF or GIF picture'],
    ['huge.png', 3, 'is 20000 x 20000 pixels'],
    ['folder.jpg', 3, 'is a folder'],
    ['absent.jpg', 2, 'does not exist']
  ])('%s', async (name, exit, words) => {
    const { code, stdout, stderr } = await veilbook(['detect', at(name)]);
    expect(stderr).toMatch(/^veilbook: [^\n]+\n$/);
    expect(stderr).toContain(at(name));
    expect(stderr).toContain(words);
    expect(stdout).toBe('');
    expect(code).toBe(exit);
  });

  it('says how much was done before it, in the JSON document too', async () => {
    const { code, stdout, stderr } = await veilbook(['detect', at('good.jpg'), at('empty.jpg'), at('good.jpg'), '--json']);
    const document = JSON.parse(stdout) as DetectDocument;
    expect(document.results).toHaveLength(1);
    expect(document.error).toMatchObject({ code: 'bad_image' });
    expect(stderr).toContain('1 of 3 images were run before it.');
    expect(code).toBe(3);
  });

  it('is left out by --skip-bad, counted, and seen in the exit code', async () => {
    const images = ['good.jpg', 'empty.jpg', 'truncated.jpg', 'absent.jpg', 'good.jpg'].map(at);
    const { code, stdout, stderr } = await veilbook(['detect', ...images, '--skip-bad', '--json']);
    const document = JSON.parse(stdout) as DetectDocument;
    expect(document.results.map(({ image }) => image)).toEqual([at('good.jpg'), at('good.jpg')]);
    expect(document.skipped?.map(({ image, code }) => [image, code])).toEqual([
      [at('empty.jpg'), 'bad_image'],
      [at('truncated.jpg'), 'bad_image'],
      [at('absent.jpg'), 'not_found']
    ]);
    expect(document.error).toBeUndefined();
    expect(stderr.trim().split('\n')).toHaveLength(3);
    expect(code).toBe(3);
  });
});

describe('a bad model folder is one line and exit code 4, and nothing is run', () => {
  const bundled = join(root, 'models', 'faceboxes');
  const copy = (name: string) => {
    cpSync(bundled, at(name), { recursive: true });
    return at(name);
  };
  const noisy = (model: string) => veilbook(['detect', at('good.jpg'), '--mode', 'noisy', '--alpha', '0.2', '--model', model]);

  it('that is not there', async () => {
    const { code, stderr } = await veilbook(['detect', at('good.jpg'), '--model', at('nothing')]);
    expect(stderr).toMatch(/^veilbook: There is no model [^\n]+\n$/);
    expect(code).toBe(4);
  });

  it('with a wrong hash', async () => {
    const model = copy('tampered');
    const tail = readFileSync(join(model, 'tail.onnx'));
    tail[tail.length >> 1] ^= 1;
    writeFileSync(join(model, 'tail.onnx'), tail);
    for (const run of [
      veilbook(['detect', at('good.jpg'), '--model', model]),
      veilbook(['model', 'info', model]),
      noisy(model)
    ]) {
      const { code, stdout, stderr } = await run;
      expect(stderr).toMatch(/^veilbook: [^\n]*tail\.onnx[^\n]+\n$/);
      expect(stdout).toBe('');
      expect(code).toBe(4);
    }
  });

  it("with another model's artefact", async () => {
    const model = copy('borrowed');
    const path = join(model, 'obfuscation.json');
    const artefact = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...artefact, head_sha256: '0'.repeat(64) }));
    // As in a folder of one's own, without a model.json that vouches for the artefact.
    rmSync(join(model, 'model.json'));
    const { code, stdout, stderr } = await noisy(model);
    expect(stderr).toMatch(/^veilbook: [^\n]*another [^\n]+\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(4);
  });

  it('without an artefact runs clean, and refuses noisy', async () => {
    const model = copy('plain');
    for (const name of ['model.json', 'obfuscation.json']) {
      rmSync(join(model, name));
    }
    expect((await veilbook(['detect', at('good.jpg'), '--model', model])).code).toBe(0);
    const { code, stdout, stderr } = await noisy(model);
    expect(stderr).toMatch(/^veilbook: [^\n]+\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(4);
  });
});

describe('an output folder that cannot be written is one line and exit code 6', () => {
  it('because a file stands there', async () => {
    const { code, stdout, stderr } = await veilbook(['detect', at('good.jpg'), '--out', join(at('good.jpg'), 'out')]);
    expect(stderr).toMatch(/^veilbook: [^\n]*cannot be written[^\n]*Nothing was run\.[^\n]*\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(6);
  });

  (process.platform === 'linux' ? it : it.skip)('because the file system refuses folders', async () => {
    const { code } = await veilbook(['detect', at('good.jpg'), '--out', '/proc/veilbook/out']);
    expect(code).toBe(6);
  });
});
