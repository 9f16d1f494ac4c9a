/**
 * A whole notebook at ALPHA 0.8 with its tail on a real Triton, every byte to the server recorded: what is in them, and what
 * an attacker makes of it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { Ledger } from '../../src/egress/ledger';
import { Random } from '../../src/numerics/random';
import type { Compute } from '../../src/pipeline/compute';
import { openCompute } from '../../src/pipeline/engine';
import { parseEntries } from './entries';
import type { DepartedEntry, SettledEntry, WireTensor } from '../../src/protocol';
import { veilbook } from '../cli/cli';
import { installTriton } from '../triton/install';
import { startTriton, type RunningTriton } from '../triton/server';
import { record, requestsOf, type HttpRequest, type Recorder } from './recorder';

jest.setTimeout(600_000);

const run = promisify(execFile);
const ALPHA = 0.8;
const ROOT = resolve(__dirname, '../..');
const PYTHON = join(ROOT, '.venv/bin/python');
/** What comes with scikit-image, photographs all of them. */
const PHOTOGRAPHS = ['astronaut', 'chelsea', 'coffee', 'rocket', 'immunohistochemistry', 'retina'];

let folder: string;
let absent: string | null = null;
let triton: RunningTriton;
let recorder: Recorder;
let compute: Compute;
let requests: HttpRequest[];
let stream: Buffer;
const frames: Buffer[] = [];
const clean: WireTensor[] = [];
const captured: WireTensor[] = [];

beforeAll(async () => {
  const installed = await installTriton();
  absent = typeof installed === 'string' ? installed : existsSync(PYTHON) ? null : 'there is no .venv with JupyterLab';
  if (absent) {
    return;
  }
  folder = mkdtempSync(join(tmpdir(), 'veilbook-capture-'));
  const repository = join(folder, 'repository');
  await veilbook(['export', 'triton', '--out', repository, '--alphas', String(ALPHA), '--platform', 'python']);
  triton = await startTriton(repository);
  recorder = await record(triton.http);
  await runNotebook();
  const streams = recorder.sent();
  stream = Buffer.concat(streams);
  requests = streams.flatMap(requestsOf);
  compute = await openCompute({ threads: 1, workers: 1 });
  for (const name of PHOTOGRAPHS) {
    const file = readFileSync(join(folder, `${name}.png`));
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
    frames.push(data);
    clean.push(
      await compute.forwardHead(
        { kind: 'pixels', data: Uint8Array.from(data), width: info.width, height: info.height, order: 'rgb' },
        {}
      )
    );
  }
  for (const { body, headers } of requests.filter(({ line }) => line.startsWith('POST'))) {
    const tensor = Uint8Array.from(body.subarray(Number(headers['inference-header-content-length'])));
    captured.push({ data: new Float32Array(tensor.buffer), shape: clean[0].shape });
  }
});
afterAll(async () => {
  await compute?.close();
  await recorder?.stop();
  await triton?.stop();
  if (folder) {
    rmSync(folder, { recursive: true });
  }
});

/** Each photograph by the magic with a stage line for the tail, and once more by the Python API's parts. */
async function runNotebook(): Promise<void> {
  const url = `triton://${recorder.address}/face_detection_noisy`;
  const cells = [
    [
      'import skimage.data, PIL.Image, veilbook',
      '%load_ext veilbook',
      `photographs = {name: getattr(skimage.data, name)() for name in ${JSON.stringify(PHOTOGRAPHS)}}`,
      'for name, frame in photographs.items():',
      '    PIL.Image.fromarray(frame).save(f"{name}.png")',
      'frames = list(photographs.values())'
    ].join('\n'),
    `%%veil noisy -i frames -o results\nnoise: ${ALPHA}\ntail: ${url}`,
    [
      'model = veilbook.load("faceboxes")',
      `noisy = model.forward_noise(model.forward_head(frames[0]), alpha=${ALPHA})`,
      `loc, conf = model.forward_tail(noisy, tail="${url}")`,
      'try:',
      `    model.forward_tail(model.forward_head(frames[0]), tail="${url}")`,
      'except veilbook.VeilError as error:',
      '    print(error)',
      'import json',
      'open("results.json", "w").write(json.dumps([result.document for result in results]))'
    ].join('\n')
  ].map(source => ({ cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null }));
  const kernelspec = { name: 'python3', display_name: 'Python 3', language: 'python' };
  writeFileSync(
    join(folder, 'frames.ipynb'),
    JSON.stringify({ nbformat: 4, nbformat_minor: 4, metadata: { kernelspec }, cells })
  );
  mkdirSync(join(folder, 'state'), { mode: 0o700 });
  const env = {
    ...process.env,
    PYTHONPATH: ROOT,
    PATH: `${join(ROOT, '.venv/bin')}:${process.env.PATH}`,
    VEILBOOK_STATE_DIR: join(folder, 'state'),
    VEILBOOK_LEDGER_DIR: join(folder, 'ledger')
  };
  try {
    await run(PYTHON, ['-m', 'jupyter', 'execute', '--output=done', 'frames.ipynb'], { cwd: folder, env });
  } finally {
    await run(PYTHON, ['-m', 'veilbook', 'sidecar', 'stop'], { cwd: folder, env }).catch(() => undefined);
  }
}

/** A test on the recording; where this machine has no Triton, it says so and passes. */
function recorded(name: string, test: () => Promise<void>): void {
  it(name, async () => {
    if (absent) {
      process.stdout.write(`skipped: ${name} (${absent})\n`);
      return;
    }
    await test();
  });
}

describe('all bytes to a Triton server over a notebook at ALPHA 0.8', () => {
  recorded('are questions about the model, and one tensor a frame', async () => {
    const posts = requests.filter(({ line }) => line.startsWith('POST'));
    for (const { line, body } of requests.filter(each => !posts.includes(each))) {
      expect(line).toMatch(/^GET \/v2(\/health\/(live|ready)|\/models\/face_detection_noisy[^ ]*)? HTTP\/1\.1$/);
      expect(body).toHaveLength(0);
    }
    // The frame that went through the parts has the noise that it had before: the same tensor.
    expect(posts).toHaveLength(PHOTOGRAPHS.length + 1);
    expect(new Set(captured.map(({ data }) => sha256(data))).size).toBe(PHOTOGRAPHS.length);
    const [, , { outputs }] = JSON.parse(readFileSync(join(folder, 'done.ipynb'), 'utf8')).cells;
    expect(JSON.stringify(outputs)).toContain('is none that forward_noise made here');
  });

  recorded('are all in the ledger, each tensor by its hash', async () => {
    const dir = join(folder, 'ledger');
    expect(await Ledger.verify(dir)).toMatchObject({ ok: true, clean: 0, departed: PHOTOGRAPHS.length + 1, unsettled: [] });
    const entries = parseEntries(dir);
    const departed = entries.filter((entry): entry is DepartedEntry => entry.kind === 'departed');
    const settled = entries.filter((entry): entry is SettledEntry => entry.kind === 'settled');
    const sum = (values: (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? NaN), 0);
    const posts = requests.filter(({ line }) => line.startsWith('POST'));
    expect(departed.map(({ departure }) => departure.tensor_sha256).sort()).toEqual(
      captured.map(({ data }) => sha256(data)).sort()
    );
    expect(sum(settled.map(({ arrival }) => arrival.bytes_sent))).toBe(sum(posts.map(({ bytes }) => bytes)));
    expect(sum(requests.map(({ bytes }) => bytes))).toBe(stream.length);
    for (const { departure } of departed) {
      expect(departure).toMatchObject({ alpha: ALPHA, clean: false, private: true, destination: `triton://${recorder.address}` });
    }
  });

  recorded('give the boxes that the tail gives here', async () => {
    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
    const byHash = new Map(captured.map(tensor => [sha256(tensor.data), tensor]));
    for (const { sent, detections, width, height } of results) {
      const tensor = byHash.get(sent.tensor_sha256)!;
      const answer = await compute.forwardTail({ ...tensor, data: tensor.data.slice() }, { alpha: ALPHA });
      const here = await compute.postprocess(answer, { width, height, threshold: 0.25 });
      const there = (detections as typeof here).filter(({ score }) => score >= 0.25);
      expect(there).toHaveLength(here.length);
      there.forEach((box, i) => {
        expect(Math.abs(box.score - here[i].score)).toBeLessThan(1e-5);
        expect(Math.abs(box.x1 - here[i].x1)).toBeLessThan(1e-2);
      });
    }
  });

  recorded('hold no piece of a picture or of a clean activation', async () => {
    const random = new Random(7);
    const pieces = [...frames, ...clean.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))].flatMap(
      whole =>
        Array.from({ length: 60 }, () => {
          const at = 4 * random.integer(Math.floor(whole.length / 4) - 8);
          return whole.subarray(at, at + 24);
        })
    );
    const telling = pieces.filter(piece => new Set(piece).size > 6);
    expect(telling.length).toBeGreaterThan(300);
    expect(telling.filter(piece => stream.includes(piece))).toEqual([]);
    for (const name of [...PHOTOGRAPHS, folder, 'state', 'sidecar.json']) {
      expect(stream.includes(name)).toBe(false);
    }
  });

  recorded('leave the linear attacker what the artefact says, not what a clean activation gives', async () => {
    const noisy = captured.slice(0, PHOTOGRAPHS.length);
    const targets = await Promise.all(frames.map((_, i) => seenByNetwork(PHOTOGRAPHS[i])));
    const order = noisy.map(({ data }) => nearest(data));
    const got = async (tensors: WireTensor[], alpha: number | undefined, of: number[]) => {
      const pictures = await Promise.all(
        tensors.map(({ data, shape }) =>
          compute.reconstruct({ data: (data as Float32Array).slice(), shape }, { attacker: 'linear attacker', alpha })
        )
      );
      return recovered(
        pictures.map(({ data }) => data as Uint8Array),
        of.map(i => targets[i])
      );
    };
    const ofClean = await got(clean, undefined, [...targets.keys()]);
    const ofNoisy = await got(noisy, ALPHA, order);
    process.stdout.write(`share that the linear attacker recovers: clean ${ofClean.toFixed(3)}, sent ${ofNoisy.toFixed(3)}\n`);
    expect(ofClean).toBeGreaterThan(0.8);
    // ALPHA is the share taken away of what the strongest attacker recovers; few photographs, so with a margin.
    expect(ofNoisy).toBeLessThan((1 - ALPHA) * ofClean + 0.15);
  });
});

const sha256 = (data: WireTensor['data']) =>
  createHash('sha256')
    .update(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');

/** The photograph as the network's input divides it: 128 x 128 RGB. */
async function seenByNetwork(name: string): Promise<Uint8Array> {
  return sharp(readFileSync(join(folder, `${name}.png`)))
    .removeAlpha()
    .resize(128, 128, { fit: 'fill' })
    .raw()
    .toBuffer();
}

/** Which clean activation a noisy one belongs to: noise has no mean, so it is the nearest. */
function nearest(data: WireTensor['data']): number {
  const distances = clean.map(({ data: other }) => {
    let sum = 0;
    for (let i = 0; i < data.length; i++) {
      sum += (other[i] - data[i]) ** 2;
    }
    return sum;
  });
  return distances.indexOf(Math.min(...distances));
}

/** Share of the variance over all pixels and photographs: 1 - residual / total, the mean taken by colour. */
function recovered(pictures: Uint8Array[], targets: Uint8Array[]): number {
  let [residual, total] = [0, 0];
  for (let colour = 0; colour < 3; colour++) {
    const values = targets.flatMap(target => [...target.filter((_, i) => i % 3 === colour)]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    targets.forEach((target, k) => {
      for (let i = colour; i < target.length; i += 3) {
        residual += (target[i] - pictures[k][i]) ** 2;
        total += (target[i] - mean) ** 2;
      }
    });
  }
  return 1 - residual / total;
}
