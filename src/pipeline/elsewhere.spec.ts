import { hash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import sharp from 'sharp';
import { modelWithArtefact } from '../../test/support/artefact';
import { Random } from '../numerics/random';
import { DetectionResult, VeilError, type RunOptions } from '../protocol';
import type { Compute, DetectOutcome, DetectRequest, Frame, TailAnswer } from './compute';
import type { Departure, RemoteTail } from './departure';
import { openCompute } from './engine';

jest.setTimeout(60_000);

const URL = 'triton://127.0.0.1:8000/face_detection_noisy';

let dir: string;
let here: Compute;
let compute: Compute;
/** What left, copied: the tensors move on to the worker. */
let left: { url: string; departure: Departure; dryRun: boolean }[];
let answer: (departure: Departure) => Promise<TailAnswer>;

beforeAll(async () => {
  dir = await modelWithArtefact();
  here = await openCompute({ threads: 1, workers: 1 });
  // Stands in for a server: it runs the same graphs in another engine of this process.
  const remoteTail: RemoteTail = {
    async run(url, departure, { dryRun }) {
      const tensor = { ...departure.tensor, data: departure.tensor.data.slice() } as Departure['tensor'];
      left.push({ url, dryRun, departure: { ...departure, tensor } as Departure });
      const sent = {
        ...{ destination: 'triton://127.0.0.1:8000', server_model: 'm', server_version: '1', dry_run: dryRun },
        ...{ tensor_bytes: tensor.data.byteLength, tensor_sha256: hash('sha256', tensor.data) },
        ...{ bytes_sent: 1, bytes_received: 2, ledger_entry: 3 }
      };
      return { answer: dryRun ? null : await answer(departure), sent, notices: ['It went there.'] };
    }
  };
  compute = await openCompute({ threads: 1, workers: 1, remoteTail });
});
beforeEach(() => {
  left = [];
  answer = departure => {
    const alpha = departure.kind === 'obfuscated' ? departure.alpha : undefined;
    return here.forwardTail({ ...departure.tensor, data: departure.tensor.data.slice() }, { model: dir, alpha });
  };
});
afterAll(async () => {
  await Promise.all([compute.close(), here.close()]);
  rmSync(dirname(dir), { recursive: true });
});

async function scene(seed: number): Promise<Frame> {
  const random = new Random(seed);
  const data = Uint8Array.from({ length: 12 * 9 * 3 }, () => random.integer(256));
  const image = sharp(data, { raw: { width: 12, height: 9, channels: 3 } }).resize(240, 180, { kernel: 'cubic', fit: 'fill' });
  return { kind: 'coded', data: await image.jpeg().toBuffer() };
}
async function detect(options: RunOptions, more: Partial<DetectRequest> = {}, by = compute): Promise<DetectOutcome> {
  const request = { image: 'scene', frame: await scene(1), pictures: [], activation: false, ...more };
  return by.detect({ ...request, options: { ...options, model: dir, device: 'cpu' } });
}
const refusal = (running: Promise<unknown>) =>
  running.then(
    () => null,
    error => VeilError.from(error)
  );

describe('a run whose tail is elsewhere', () => {
  it('gives what a run here gives, and says what left', async () => {
    const pictures = ['annotated', 'reconstruction'] as const;
    const noisy: RunOptions = { mode: 'noisy', alpha: 0.5 };
    const local = await detect(noisy, { pictures, activation: true });
    const snapshot = '2026-11-22-07-00-00-a1b2';
    const {
      result,
      pictures: drawn,
      activation
    } = await detect({ ...noisy, tail: URL, snapshot }, { pictures, activation: true });
    expect(Value.Check(DetectionResult, result)).toBe(true);
    expect(result.detections).toEqual(local.result.detections);
    expect(activation).toEqual(local.activation);
    for (const kind of pictures) {
      expect(Buffer.from(drawn[kind]!.data).equals(local.pictures[kind]!.data)).toBe(true);
    }
    const [{ url, departure }] = left;
    expect(left).toHaveLength(1);
    expect(url).toBe(URL);
    const { run, looks } = result;
    expect(departure).toMatchObject({ kind: 'obfuscated', run, snapshot, alpha: 0.5, private: true, looks });
    expect(departure.tensor).toEqual(activation);
    expect(departure.facts.input).toBe('activation');
    expect(Object.keys(departure.facts.ports)).toEqual(['loc', 'conf']);
    expect(result.sent).toMatchObject({ tensor_sha256: hash('sha256', activation!.data), ledger_entry: 3, dry_run: false });
    expect(result.notices).toContain('It went there.');
    expect(result.timings_ms).toMatchObject({
      head: expect.any(Number),
      tail: expect.any(Number),
      postprocess: expect.any(Number)
    });
  });

  it('holds no worker while it waits for the answer', async () => {
    let arrive = () => {};
    const gate = new Promise<void>(resolve => (arrive = resolve));
    const at = answer;
    answer = async departure => (await gate, at(departure));
    const waiting = detect({ mode: 'noisy', alpha: 0.5, tail: URL });
    // There is one worker: this would wait for ever.
    await detect({ mode: 'clean' });
    arrive();
    expect((await waiting).result.sent).toBeDefined();
  });

  it('is nothing but a statement in a dry run', async () => {
    const { result } = await detect({ mode: 'noisy', alpha: 0.5, tail: URL, dry_run: true });
    expect(result.detections).toEqual([]);
    expect(result.sent?.dry_run).toBe(true);
    expect(left.map(({ dryRun }) => dryRun)).toEqual([true]);
  });

  it('sends a clean activation only where that was asked for by name', async () => {
    expect(await refusal(detect({ mode: 'clean', tail: URL }))).toMatchObject({ code: 'egress_refused' });
    expect(left).toEqual([]);
    const { result } = await detect({ mode: 'clean', tail: URL, allow_clean_egress: true });
    expect(left.map(({ departure }) => departure.kind)).toEqual(['clean']);
    expect(result.detections).toEqual((await detect({ mode: 'clean' })).result.detections);
  });

  it.each<[string, RunOptions, string]>([
    ['noise of a seed', { mode: 'noisy', alpha: 0.5, insecure_seed: 1, tail: URL }, 'egress_refused'],
    ['a permission for clean without a tail', { mode: 'clean', allow_clean_egress: true }, 'bad_request'],
    ['a permission for clean in a noisy run', { mode: 'noisy', alpha: 0.5, tail: URL, allow_clean_egress: true }, 'bad_request'],
    ['a dry run without a tail', { mode: 'noisy', alpha: 0.5, dry_run: true }, 'bad_request'],
    ['no ALPHA', { mode: 'noisy', tail: URL }, 'bad_alpha']
  ])('refuses %s before anything leaves', async (_, options, code) => {
    expect(await refusal(detect(options))).toMatchObject({ code });
    expect(left).toEqual([]);
  });

  it('is refused where the program has no way out', async () => {
    expect(await refusal(detect({ mode: 'noisy', alpha: 0.5, tail: URL }, {}, here))).toMatchObject({ code: 'egress_refused' });
  });

  it('fails, and runs no tail here, when the answer does not come or is not one', async () => {
    answer = () => Promise.reject(new VeilError('server_unavailable', 'It is away.', 'Start it.'));
    expect(await refusal(detect({ mode: 'noisy', alpha: 0.5, tail: URL }))).toMatchObject({ code: 'server_unavailable' });
    answer = async () => ({ loc: { data: new Float32Array(4), shape: [1, 1, 4] } });
    expect(await refusal(detect({ mode: 'noisy', alpha: 0.5, tail: URL }))).toMatchObject({ code: 'bad_tensor' });
  });
});

describe('an activation that a caller sends on', () => {
  const made = async () => {
    const clean = await compute.forwardHead(await scene(2), { model: dir });
    const copy = { ...clean, data: clean.data.slice() };
    const { activation } = await compute.forwardNoise(clean, { model: dir, alpha: 0.5 });
    return { clean: copy, noisy: activation };
  };

  it('leaves when the noise made it here', async () => {
    const { noisy } = await made();
    const copy = { ...noisy, data: noisy.data.slice() };
    const { answer: there } = await compute.forwardElsewhere(noisy, { tail: URL });
    expect(there).toEqual(await here.forwardTail(copy, { model: dir, alpha: 0.5 }));
    expect(left[0].departure).toMatchObject({ kind: 'obfuscated', snapshot: null, alpha: 0.5, private: true });
  });

  it('is refused when it is clean, was changed by one bit, has a seed, or comes under another ALPHA', async () => {
    const { clean, noisy } = await made();
    const changed = { ...noisy, data: noisy.data.slice() };
    new Uint32Array(changed.data.buffer)[7] ^= 1;
    const other = { ...clean, data: clean.data.slice() };
    const { activation: seeded } = await compute.forwardNoise(other, { model: dir, alpha: 0.5, insecure_seed: 3 });
    const attempts = [
      compute.forwardElsewhere(clean, { tail: URL }),
      compute.forwardElsewhere(changed, { tail: URL }),
      compute.forwardElsewhere(seeded, { tail: URL }),
      compute.forwardElsewhere(noisy, { tail: URL, alpha: 0.9 })
    ];
    for (const attempt of attempts) {
      expect(await refusal(attempt)).toMatchObject({ code: 'egress_refused' });
    }
    expect(left).toEqual([]);
  });
});
