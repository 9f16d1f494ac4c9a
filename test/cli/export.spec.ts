import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DIGITS } from '../models/digits';
import { modelWithArtefact } from '../support/artefact';
import { readPbtxt } from '../triton/pbtxt';
import { veilbook } from './cli';

jest.setTimeout(120_000);

let dir: string;
let folder: string;
beforeAll(async () => {
  dir = await modelWithArtefact(undefined, DIGITS);
  folder = mkdtempSync(join(tmpdir(), 'veilbook-triton-'));
});
afterAll(() => [dirname(dir), folder].forEach(path => rmSync(path, { recursive: true })));

describe('veilbook export triton', () => {
  it('writes a repository of the artefact’s ALPHAs, strongest first, and says what is in it', async () => {
    const out = join(folder, 'deeper', 'models');
    const { code, stdout, stderr } = await veilbook(['export', 'triton', '--model', dir, '--out', out]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(readdirSync(out).sort()).toEqual([
      'image_classification_base',
      'image_classification_noisy',
      'image_classification_noisy_alpha_0.1',
      'image_classification_noisy_alpha_0.5',
      'image_classification_noisy_alpha_0.9'
    ]);
    expect(stdout).toMatch(/^image_classification_base +[\d.]+ MB {2}takes clean activations: tail\n/);
    expect(stdout).toMatch(/\nimage_classification_noisy +[\d.]+ MB {2}ALPHA 0\.9: filter, denoiser, tail\n/);
    expect(stdout).toMatch(/measured/);
    expect(readdirSync(dirname(out))).toEqual(['models']);
  });

  it('writes what was chosen, and one JSON document', async () => {
    const out = join(folder, 'chosen');
    const flags = [
      '--alphas',
      '.5',
      '--no-base',
      '--names',
      'report',
      '--max-batch',
      '4',
      '--instances',
      'gpu:1,cpu:2',
      '--json'
    ];
    const { code, stdout } = await veilbook(['export', 'triton', '--model', dir, '--out', out, ...flags]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      repository: out,
      platform: 'onnxruntime',
      names: 'report',
      max_batch: 4,
      model: { name: 'digits' },
      models: [
        {
          name: 'image_classification_noisy',
          alpha: 0.5,
          inputs: [{ name: 'INPUT__0', type: 'TYPE_FP32', shape: [16, 16, 16] }],
          outputs: [{ name: 'OUTPUT__0' }]
        }
      ],
      replaced: [],
      kept: []
    });
    const config = readPbtxt(readFileSync(join(out, 'image_classification_noisy/config.pbtxt'), 'utf8'));
    expect(config).toMatchObject({
      max_batch_size: [4],
      instance_group: [
        { kind: ['KIND_GPU'], count: [1] },
        { kind: ['KIND_CPU'], count: [2] }
      ]
    });
  });

  it('replaces nothing unasked, and names what it leaves', async () => {
    const out = join(folder, 'kept');
    const args = ['export', 'triton', '--model', dir, '--out', out, '--alphas', '0.5'];
    expect((await veilbook(args)).code).toBe(0);
    const before = readFileSync(join(out, 'image_classification_noisy/1/model.onnx'));
    expect(await veilbook(args)).toMatchObject({ code: 6, stderr: expect.stringMatching(/is there already[^\n]*\n$/) });
    cpSync(join(out, 'image_classification_noisy'), join(out, 'image_classification_noisy_alpha_0.1'), { recursive: true });
    const { code, stderr } = await veilbook([...args, '--force']);
    expect([code, stderr]).toEqual([0, `veilbook: ${out} holds image_classification_noisy_alpha_0.1 besides, as before.\n`]);
    expect(readFileSync(join(out, 'image_classification_noisy/1/model.onnx')).equals(before)).toBe(true);
  });

  it.each<[string, string[], number, RegExp]>([
    ['an ALPHA outside the knots', ['--alphas', '0.5,0.99'], 2, /ALPHA 0\.99 is outside this artefact's 0\.1 … 0\.9/],
    ['ALPHAs that are no numbers', ['--alphas', 'all'], 2, /numbers between 0 and 1/],
    ['codes that do not fit', ['--int16'], 2, /int16 ends at 32767/],
    ['instances of nothing', ['--instances', 'tpu:1'], 2, /auto, cpu or gpu/],
    ['a batch of a half', ['--max-batch', '0.5'], 2, /whole number/],
    ['names of nobody', ['--names', 'mine'], 2, /graph, report/],
    ['a model without a learned obfuscation', ['--model', DIGITS], 4, /has no learned obfuscation/]
  ])('refuses %s in one line, and writes nothing', async (_, flags, expected, words) => {
    const out = join(folder, 'refused');
    const { code, stderr } = await veilbook(['export', 'triton', '--model', dir, '--out', out, ...flags]);
    expect(stderr).toMatch(/^veilbook: [^\n]+\n$/);
    expect(stderr).toMatch(words);
    expect(code).toBe(expected);
    expect(existsSync(out)).toBe(false);
  });
});
