import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadDetector } from '../../src/models';
import { Detector } from '../../src/pipeline/detector';
import { type WireTensor } from '../../src/protocol';
import { veilbook } from '../cli/cli';
import { filled, uniform } from '../graphs/run';
import { infer } from './infer';
import { installTriton, type Installed } from './install';
import { startTriton, type RunningTriton } from './server';

jest.setTimeout(600_000);

const run = promisify(execFile);
const ALPHAS = [0.8, 0.4];
const NOISY = ['face_detection_noisy', 'face_detection_noisy_alpha_0.8', 'face_detection_noisy_alpha_0.4'];
/** ONNX Runtime out of npm and out of PyPI are two builds: their answers differ by rounding. */
const CLOSE = 1e-5;

let folder: string;
let installed: Installed | string;
let detector: Detector;
let clean: WireTensor;
const noisy = new Map<number, WireTensor>();

beforeAll(async () => {
  installed = await installTriton();
  folder = mkdtempSync(join(tmpdir(), 'veilbook-triton-'));
  detector = await Detector.open(await loadDetector(), { kind: 'cpu', index: 0 }, 1);
  const pixels = filled([64 * 64 * 3], uniform(5)).data.map(value => 128 + 100 * value);
  clean = await detector.forwardHead(
    { kind: 'pixels', width: 64, height: 64, order: 'rgb', data: Uint8Array.from(pixels) },
    () => undefined
  );
  for (const alpha of ALPHAS) {
    noisy.set(alpha, (await detector.forwardNoise(clean, { alpha, insecure_seed: 3 })).activation);
  }
});
afterAll(async () => {
  await detector.release();
  rmSync(folder, { recursive: true });
});

/** A test on a Triton that serves what these flags export; where this machine has none, it says so and passes. */
function served(name: string, flags: string[], test: (triton: RunningTriton, installed: Installed) => Promise<void>): void {
  it(name, async () => {
    if (typeof installed === 'string') {
      process.stdout.write(`skipped: ${name} (${installed})\n`);
      return;
    }
    const repository = mkdtempSync(join(folder, 'repository-'));
    const asked = ['--alphas', ALPHAS.join(), '--platform', 'python', '--max-batch', '4'];
    const { code, stderr } = await veilbook(['export', 'triton', '--out', repository, ...asked, ...flags]);
    expect([code, stderr]).toEqual([0, '']);
    const triton = await startTriton(repository);
    try {
      await test(triton, installed);
    } finally {
      await triton.stop();
    }
  });
}

describe('a real Triton on an exported repository', () => {
  served('knows both models, their tensors and whose server side they are', [], async ({ http }) => {
    const get = async (path: string) => (await fetch(`http://${http}/v2/models/${path}`)).json();
    for (const name of ['face_detection_base', ...NOISY]) {
      expect(await get(name)).toMatchObject({
        name,
        versions: ['1'],
        inputs: [{ name: 'activation', datatype: 'FP32', shape: [-1, 128, 32, 32] }],
        outputs: [
          { name: 'loc', datatype: 'FP32', shape: [-1, 21824, 4] },
          { name: 'conf', datatype: 'FP32', shape: [-1, 21824, 2] }
        ]
      });
    }
    const { parameters } = (await get(`${NOISY[2]}/config`)) as { parameters: Record<string, { string_value: string }> };
    const { manifest, obfuscation } = await loadDetector();
    expect(parameters.alpha.string_value).toBe('0.4');
    expect(parameters.artefact_sha256.string_value).toBe(obfuscation!.sha256);
    expect(parameters.head_sha256.string_value).toBe(manifest.head.sha256);
  });

  served('gives what the tail gives here, alone and several at once, and counts it', [], async ({ http }) => {
    const before = await statistics(http, NOISY[0]);
    const base = await infer(http, 'face_detection_base', [{ name: 'activation', datatype: 'FP32', tensor: clean }]);
    near(base, await detector.forwardTail(clean), 1);
    for (const name of NOISY) {
      const alpha = name.endsWith('0.4') ? 0.4 : 0.8;
      const tensor = noisy.get(alpha)!;
      const expected = await detector.forwardTail(tensor, alpha);
      near(await infer(http, name, [{ name: 'activation', datatype: 'FP32', tensor }]), expected, 1);
      const three = { shape: [3, ...tensor.shape.slice(1)], data: repeated(tensor.data as Float32Array, 3) };
      near(await infer(http, name, [{ name: 'activation', datatype: 'FP32', tensor: three }]), expected, 3);
      const together = Array.from({ length: 6 }, () => infer(http, name, [{ name: 'activation', datatype: 'FP32', tensor }]));
      (await Promise.all(together)).forEach(answer => near(answer, expected, 1));
    }
    const after = await statistics(http, NOISY[0]);
    // The server counts its warm-up too.
    expect(after.inference_count - before.inference_count).toBe(1 + 3 + 6);
    expect(after.execution_count - before.execution_count).toBeLessThanOrEqual(1 + 1 + 6);
    expect(after.inference_stats.success.count - before.inference_stats.success.count).toBe(8);
    expect(after.inference_stats.fail.count).toBe(0);
  });

  served(
    'answers the client of TR-4928, in JSON and in binary',
    ['--names', 'report', '--alphas', '0.8'],
    async ({ http }, { python }) => {
      const expected = await detector.forwardTail(noisy.get(0.8)!, 0.8);
      const [file, out] = [join(folder, 'activation'), join(folder, 'answers')];
      writeFileSync(file, noisy.get(0.8)!.data as Float32Array);
      for (const flags of [[], ['--binary']]) {
        const client = [join(__dirname, 'report_client.py'), http, 'face_detection_noisy', file, out, ...flags];
        const { stdout } = await run(python, client);
        expect(JSON.parse(stdout).model_stats).toMatchObject([{ name: 'face_detection_noisy', inference_stats: { fail: {} } }]);
        const values = new Float32Array(Uint8Array.from(readFileSync(out)).buffer);
        const loc = expected.loc.data as Float32Array;
        expect(furthest(values.subarray(0, loc.length), loc)).toBeLessThan(CLOSE);
        expect(furthest(values.subarray(loc.length), expected.conf.data as Float32Array)).toBeLessThan(CLOSE);
      }
    }
  );

  served('takes int16 codes for bit for bit the answers to floats', ['--int16'], async ({ http }) => {
    const { obfuscation } = await loadDetector();
    const tensor = noisy.get(0.8)!;
    const codes = Int16Array.from(tensor.data as Float32Array, value => value / obfuscation!.step);
    expect(codes.every((code, i) => code * obfuscation!.step === (tensor.data as Float32Array)[i])).toBe(true);
    const answer = await infer(http, NOISY[0], [
      { name: 'activation', datatype: 'INT16', tensor: { shape: tensor.shape, data: codes } }
    ]);
    near(answer, await detector.forwardTail(tensor, 0.8), 1);
  });

  it('reads the configuration for its ONNX Runtime backend with its own message', async () => {
    if (typeof installed === 'string') {
      process.stdout.write(`skipped: ModelConfig (${installed})\n`);
      return;
    }
    const repository = join(folder, 'onnxruntime');
    expect(
      (await veilbook(['export', 'triton', '--out', repository, '--alphas', '0.8', '--instances', 'gpu:1,cpu:2'])).code
    ).toBe(0);
    const file = join(repository, 'face_detection_noisy/config.pbtxt');
    expect(JSON.parse((await run(installed.python, [join(__dirname, 'read_config.py'), file])).stdout)).toMatchObject({
      name: 'face_detection_noisy',
      platform: 'onnxruntime_onnx',
      max_batch_size: 8,
      dynamic_batching: {},
      instance_group: [
        { kind: 'KIND_GPU', count: 1 },
        { kind: 'KIND_CPU', count: 2 }
      ],
      model_warmup: [{ batch_size: 1 }, { batch_size: 8 }],
      parameters: { alpha: { string_value: '0.8' } }
    });
    // Of nvidia-pytriton's server this backend alone is missing: everything before it is read and accepted.
    await expect(startTriton(repository)).rejects.toThrow(/unable to find backend library for backend 'onnxruntime'/);
  });
});

interface Statistics {
  inference_count: number;
  execution_count: number;
  inference_stats: Record<'success' | 'fail', { count: number }>;
}

async function statistics(http: string, model: string): Promise<Statistics> {
  const answer = await fetch(`http://${http}/v2/models/${model}/stats`);
  const { model_stats: counted } = (await answer.json()) as { model_stats: Statistics[] };
  expect(counted).toHaveLength(1);
  return counted[0];
}

type Answers = Record<string, WireTensor>;

function near(found: Answers, expected: Answers, times: number): void {
  for (const [name, { data, shape }] of Object.entries(expected)) {
    expect(found[name].shape).toEqual([times, ...shape.slice(1)]);
    expect(furthest(found[name].data as Float32Array, repeated(data as Float32Array, times))).toBeLessThan(CLOSE);
  }
}

function furthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

function repeated(data: Float32Array, times: number): Float32Array {
  const whole = new Float32Array(data.length * times);
  Array.from({ length: times }, (_, i) => whole.set(data, i * data.length));
  return whole;
}
