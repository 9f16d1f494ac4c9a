import { createHash } from 'node:crypto';
import fs, { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VeilError, type LearnProgress, type LearnReport, type LearnRequest } from '../protocol';
import { learnCommand } from './learn';
import { describeBar } from './learn-progress';

const BUNDLED = join(__dirname, '..', '..', 'models', 'faceboxes');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Stands in for the learning pass, which takes minutes: it tells of three stages and writes what a real one names. */
const standInLearn = jest.fn(
  async (request: LearnRequest, hooks: { progress(p: LearnProgress): void; signal: AbortSignal }): Promise<LearnReport> => {
    const { head, tail } = JSON.parse(readFileSync(join(BUNDLED, 'model.json'), 'utf8'));
    for (const [done, stage] of [
      [0.05, 'activations'],
      [0.3, 'refine'],
      [0.42, 'refine'],
      [0.9, 'measure']
    ] as const) {
      hooks.progress({ stage, knot: stage === 'refine' ? 0.4 : null, done, seconds_left: 100 });
      await new Promise(settle => setTimeout(settle, 1));
      hooks.signal.throwIfAborted();
    }
    mkdirSync(request.out, { recursive: true });
    const tensors = (name: string) => {
      writeFileSync(join(request.out, name), `tensors of ${name}`);
      return { file: name, sha256: sha256(readFileSync(join(request.out, name))), bytes: 10 };
    };
    const document = {
      head_sha256: head.sha256,
      tail_sha256: tail.sha256,
      statistics: tensors('statistics.safetensors'),
      decoder: tensors('decoder.safetensors'),
      knots: [{ weights: null }, { weights: tensors('server-0.8.safetensors') }]
    };
    const path = join(request.out, 'obfuscation.json');
    writeFileSync(path, JSON.stringify(document));
    const knot = (alpha: number, r2: number) => ({
      alpha,
      measured_alpha: alpha,
      linear_r2: r2,
      decoder_r2: r2 / 2,
      agreement_ap: 0.95
    });
    return {
      schema: 1,
      artefact: { path, sha256: sha256(readFileSync(path)), mode: 'calibrated' },
      model: { name: 'faceboxes', head_sha256: head.sha256, tail_sha256: tail.sha256 },
      images: { fit: 256, select: 64, held_out: 64, left_out: 2 },
      stages: [],
      seconds: 240,
      knots: [
        { ...knot(0.2, 0.75), server: ['filter'] },
        { ...knot(0.8, 0.175), server: ['filter', 'denoiser'] }
      ],
      notices: []
    };
  }
);
jest.mock('../learning/learn', () => ({ learn: (...given: Parameters<typeof standInLearn>) => standInLearn(...given) }));

let folder: string;
let stdout: string;
let stderr: string;
const at = (name: string) => join(folder, name);

/** Run `veilbook learn …` here; what it throws is what main.ts turns into a line and an exit code. */
async function learn(...args: string[]): Promise<void> {
  await learnCommand().parseAsync(['--images', at('photographs'), ...args], { from: 'user' });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-learn-'));
  stdout = stderr = '';
  jest.spyOn(process.stderr, 'write').mockImplementation(text => ((stderr += String(text)), true));
  jest.spyOn(fs, 'writeSync').mockImplementation((_fd: number, bytes: unknown) => {
    stdout += String(bytes);
    return (bytes as Uint8Array).length;
  });
  standInLearn.mockClear();
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

describe('veilbook learn', () => {
  it('asks for what its options say', async () => {
    await learn(
      '--out',
      at('new'),
      '--alphas',
      '0.8,0.2,0.8',
      '--looks',
      '16',
      '--seed',
      '7',
      '--device',
      'cpu',
      '--mode',
      'cloak'
    );
    expect(standInLearn.mock.calls[0][0]).toEqual({
      images: at('photographs'),
      out: at('new'),
      mode: 'cloak',
      alphas: [0.2, 0.8],
      looks: 16,
      seed: 7,
      device: 'cpu'
    });
  });

  it('writes into a folder named after the model, here, unless it is told where', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      await learn();
      await learn('--model', at('models/mine/'));
    } finally {
      process.chdir(before);
    }
    expect(standInLearn.mock.calls.map(([request]) => request.out)).toEqual(['obfuscation-faceboxes', 'obfuscation-mine']);
  });

  it('prints each knot with what was measured, and a line per stage where nobody watches', async () => {
    await learn('--out', at('new'));
    expect(stderr).toBe(
      'veilbook:   5% activations of the photographs\nveilbook:  30% refining the noise\nveilbook:  90% measuring\n'
    );
    expect(stdout).toContain('Learned in 4 min for faceboxes: ' + at('new'));
    expect(stdout).toContain('256 photographs to fit, 64 to select, 64 held out, 2 left out; calibrated');
    expect(stdout).toMatch(/^ *0\.2 +0\.200 +75\.0% +95\.0% {2}filter$/m);
    expect(stdout).toMatch(/^ *0\.8 +0\.800 +17\.5% +95\.0% {2}filter \+ denoiser$/m);
    expect(stdout).toContain('To use it: the same command with --install');
  });

  it('prints exactly the report with --json', async () => {
    await learn('--out', at('new'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, artefact: { path: at('new/obfuscation.json') } });
  });

  it('stopped by Ctrl-C says that the same command goes on, as code cancelled', async () => {
    const learning = learn('--out', at('new'));
    process.emit('SIGINT');
    await expect(learning).rejects.toMatchObject({
      code: 'cancelled',
      line: `Stopped at 5%; what was learned so far is in ${at('new')}. The same command goes on where it stopped.`
    });
    expect(stdout).toBe('');
  });

  it('hands on what the pass refuses', async () => {
    standInLearn.mockRejectedValueOnce(new VeilError('bad_request', '3 photographs are too few.', 'Give 384.'));
    await expect(learn('--out', at('new'))).rejects.toMatchObject({ code: 'bad_request', message: '3 photographs are too few.' });
  });
});

describe('the bar', () => {
  it('names stage, ALPHA and time left', () => {
    expect(describeBar({ stage: 'refine', knot: 0.4, done: 0.42, seconds_left: 185 })).toBe(
      ' 42% ████████░░░░░░░░░░░░ refining the noise, ALPHA 0.4 · 3 min left'
    );
    expect(describeBar({ stage: 'spectra', knot: null, done: 1.01, seconds_left: null })).toBe(
      '100% ████████████████████ their spectra'
    );
  });
});

describe('the folder of --out', () => {
  it.each([
    ['an unfinished pass', ['.learning/question.json']],
    ['an artefact', ['obfuscation.json', 'statistics.safetensors']],
    ['nothing', []]
  ])('may hold %s', async (_, files) => {
    files.forEach(file => put(`out/${file}`));
    mkdirSync(at('out'), { recursive: true });
    await learn('--out', at('out'));
    expect(standInLearn).toHaveBeenCalled();
  });

  it.each([
    ['something else', ['holiday.jpg', 'obfuscation.json'], 'holds holiday.jpg, which is no part of a learning pass'],
    ['a model', ['head.onnx', 'obfuscation.json'], 'holds head.onnx']
  ])('may not hold %s', async (_, files, words) => {
    files.forEach(file => put(`out/${file}`));
    await expect(learn('--out', at('out'))).rejects.toMatchObject({
      code: 'output_unwritable',
      message: expect.stringContaining(words)
    });
    expect(standInLearn).not.toHaveBeenCalled();
  });

  it('may not be a file', async () => {
    put('out');
    await expect(learn('--out', at('out'))).rejects.toMatchObject({ code: 'output_unwritable' });
  });
});

describe('--install', () => {
  const model = () => JSON.parse(readFileSync(at('model/model.json'), 'utf8'));
  beforeEach(() => cpSync(BUNDLED, at('model'), { recursive: true }));

  it('puts the artefact into the model folder and lets model.json vouch for it', async () => {
    const before = model();
    await learn('--out', at('new'), '--model', at('model'), '--install');
    const installed = readFileSync(at('model/obfuscation.json'));
    expect(model()).toEqual({ ...before, obfuscation: { file: 'obfuscation.json', sha256: sha256(installed) } });
    for (const name of ['statistics', 'decoder', 'server-0.8'].map(stem => `${stem}.safetensors`)) {
      expect(readFileSync(at(`model/${name}`), 'utf8')).toBe(`tensors of ${name}`);
    }
    expect(stdout).toContain(`veilbook detect photo.jpg --model ${at('model')} --mode noisy`);
  });

  it('installs what was learned by the same command before, without learning it again', async () => {
    await learn('--out', at('new'), '--model', at('model'));
    const before = process.cwd();
    process.chdir(folder);
    try {
      await learn('--out', 'new', '--model', at('model'), '--install');
    } finally {
      process.chdir(before);
    }
    expect(standInLearn).toHaveBeenCalledTimes(1);
    expect(model().obfuscation.sha256).toBe(sha256(readFileSync(at('new/obfuscation.json'))));
    await learn('--out', at('new'), '--model', at('model'), '--install', '--looks', '4');
    expect(standInLearn).toHaveBeenCalledTimes(2);
  });

  it('leaves a folder without model.json without one', async () => {
    rmSync(at('model/model.json'));
    await learn('--out', at('new'), '--model', at('model'), '--install', '--json');
    expect(existsSync(at('model/model.json'))).toBe(false);
    expect(JSON.parse(stdout).notices).toEqual([
      `The artefact was put into ${at('model')}; a sidecar that runs uses it after a restart.`
    ]);
  });

  it('does not touch the model when a file of the artefact is not what its document says', async () => {
    const before = model();
    const real = standInLearn.getMockImplementation()!;
    standInLearn.mockImplementationOnce(async (request, hooks) => {
      const report = await real(request, hooks);
      writeFileSync(join(request.out, 'decoder.safetensors'), 'something else');
      return report;
    });
    await expect(learn('--out', at('new'), '--model', at('model'), '--install')).rejects.toMatchObject({
      code: 'model_mismatch'
    });
    expect(model()).toEqual(before);
    expect(existsSync(at('model/statistics.safetensors'))).toBe(false);
  });

  it('is refused before anything is learned when the folder cannot be written', async () => {
    jest.spyOn(fs.promises, 'access').mockRejectedValueOnce(Object.assign(new Error('read-only'), { code: 'EROFS' }));
    await expect(learn('--out', at('new'), '--install')).rejects.toMatchObject({
      code: 'output_unwritable',
      line: expect.stringMatching(/faceboxes cannot be written, .* Copy that folder and name the copy by --model/)
    });
    expect(standInLearn).not.toHaveBeenCalled();
  });
});

function put(name: string): void {
  mkdirSync(join(at(name), '..'), { recursive: true });
  writeFileSync(at(name), '{}');
}
