import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { encodePicture } from '../../src/pipeline/codec';
import type { CodedPicture } from '../../src/pipeline/compute';
import {
  decodeSafetensors,
  SAFETENSORS_MIME,
  type ConnectionFile,
  type DetectionResult,
  type WireTensor
} from '../../src/protocol';
import { callSidecar, type Call } from '../../src/sidecar/client';
import { ensureRunning, isAlive } from '../../src/sidecar/launch';
import { statePaths } from '../../src/sidecar/state-dir';
import { modelWithArtefact } from '../support/artefact';
import { newStateDir, removeStateDirs, until } from './harness';
import { PYTHON } from './processes';

jest.setTimeout(90_000);

const JPEG = { 'Content-Type': 'image/jpeg' };
const PIXELS = { 'Content-Type': 'application/octet-stream' };
const LONG_RUN: Call = {
  method: 'POST',
  path: '/v1/detect?mode=clean&width=3000&height=2000&pictures=annotated&picture_format=png',
  headers: { ...PIXELS, Accept: SAFETENSORS_MIME },
  body: Buffer.alloc(3000 * 2000 * 3, 'photograph')
};

let stateDir: string;
let connection: ConnectionFile;
let photograph: Buffer;

beforeAll(async () => {
  const find = 'import matplotlib.cbook as c; print(c.get_sample_data("grace_hopper.jpg", asfileobj=False))';
  photograph = readFileSync(execFileSync(PYTHON, ['-c', find]).toString().trim());
  stateDir = newStateDir();
  connection = await ensureRunning(stateDir);
});

afterAll(async () => {
  await callSidecar(connection, { method: 'POST', path: '/v1/stop' }).catch(() => null);
  await until(() => !isAlive(connection.pid));
  removeStateDirs();
});

function post(path: string, body: Uint8Array, headers: Record<string, string>): Promise<Buffer> {
  return callSidecar(connection, { method: 'POST', path, body, headers });
}

const tensors = async (answer: Buffer | Promise<Buffer>) => decodeSafetensors(await answer);
const raw = ({ data }: WireTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

it('the bundled model finds the face in a photograph, clean and noisy', async () => {
  for (const query of ['mode=clean', 'mode=noisy&alpha=0.1']) {
    const result = JSON.parse((await post(`/v1/detect?${query}&image=hopper`, photograph, JPEG)).toString()) as DetectionResult;
    const [face] = result.detections;
    expect(face.score).toBeGreaterThan(0.9);
    expect((face.x1 + face.x2) / 2).toBeCloseTo(262, -1.5);
    expect(result).toMatchObject({ image: 'hopper', width: 512, height: 600, model: { name: 'faceboxes' } });
    expect(result.private).toBe(query !== 'mode=clean');
  }
});

it('pictures and the activation come as safetensors', async () => {
  const answer = await tensors(
    post('/v1/detect?mode=noisy&alpha=0.2&pictures=annotated,frame,reconstruction&activation=true', photograph, {
      ...JPEG,
      Accept: SAFETENSORS_MIME
    })
  );
  const { pictures } = answer.json as { pictures: Record<string, { mime: string; width: number; height: number }> };
  expect(Object.keys(pictures).sort()).toEqual(['annotated', 'frame', 'reconstruction']);
  expect(pictures.annotated).toEqual({ mime: 'image/jpeg', width: 512, height: 600 });
  expect(Array.from(answer.tensors['picture.annotated'].data.subarray(0, 2))).toEqual([0xff, 0xd8]);
  expect(answer.tensors.activation.shape).toEqual([1, 128, 32, 32]);
});

it('head, noise, tail and post-processing one by one find the same face as a clean run', async () => {
  const wire = { 'Content-Type': SAFETENSORS_MIME };
  const head = await post('/v1/forward/head', photograph, JPEG);
  const heads = await post('/v1/forward/tail', head, wire);
  const answer = await post('/v1/postprocess?width=512&height=600&threshold=0.5', heads, wire);
  const { detections } = JSON.parse(answer.toString()) as Pick<DetectionResult, 'detections'>;
  const clean = JSON.parse((await post('/v1/detect?mode=clean', photograph, JPEG)).toString()) as DetectionResult;
  expect(detections[0]).toEqual(clean.detections[0]);
  const noise = await tensors(post('/v1/forward/noise?alpha=0.2', head, wire));
  expect(noise.json).toMatchObject({ alpha: 0.2, private: true });
  expect(noise.tensors.activation.shape).toEqual([1, 128, 32, 32]);
});

it('a learned obfuscation runs part by part as it runs whole, and its attackers paint what they are named for', async () => {
  const model = await modelWithArtefact();
  const about = `model=${encodeURIComponent(model)}`;
  const wire = { 'Content-Type': SAFETENSORS_MIME };
  const kinds = ['reconstruction', 'linear_attacker', 'naive_viewer'];
  const asked = `/v1/detect?mode=noisy&alpha=0.5&pictures=${kinds.join()}&activation=true&${about}`;
  const whole = await tensors(post(asked, photograph, { ...JPEG, Accept: SAFETENSORS_MIME }));
  const { result, pictures } = whole.json as { result: DetectionResult; pictures: Record<string, CodedPicture> };
  expect(kinds.map(kind => pictures[kind].attacker)).toEqual(['adaptive decoder', 'linear attacker', 'naive viewer']);
  expect(result.artefact).toMatchObject({ calibrated: true, meaning: expect.stringContaining('not a guarantee') });
  const head = await post(`/v1/forward/head?${about}`, photograph, JPEG);
  const noisy = await post(`/v1/forward/noise?alpha=0.5&${about}`, head, wire);
  // The same picture under the same key: the same noise, whichever way it went.
  expect(Buffer.compare(raw((await tensors(noisy)).tensors.activation), raw(whole.tensors.activation))).toBe(0);
  // One picture and one tensor of it, whichever way it went.
  const looks = { count: 1, alpha_1: 0.5, alpha_k: 0.5 };
  expect([result.looks, (await tensors(noisy)).json]).toEqual([looks, expect.objectContaining({ looks })]);
  const heads = await post(`/v1/forward/tail?alpha=0.5&${about}`, noisy, wire);
  const size = `width=${result.width}&height=${result.height}`;
  const answer = await post(`/v1/postprocess?threshold=0&${size}&${about}`, heads, wire);
  expect(JSON.parse(answer.toString()).detections).toEqual(result.detections);
  // What the decoder paints by itself is what the frame's picture was scaled from.
  const painted = await tensors(post(`/v1/reconstruct?alpha=0.5&attacker=adaptive%20decoder&${about}`, noisy, wire));
  expect(painted.tensors.picture.shape).toEqual([128, 128, 3]);
  const pixels = {
    kind: 'pixels',
    data: painted.tensors.picture.data as Uint8Array,
    width: 128,
    height: 128,
    order: 'rgb'
  } as const;
  const coded = await encodePicture(pixels, 'jpeg', pictures.reconstruction);
  expect(Buffer.compare(coded.data, raw(whole.tensors['picture.reconstruction']))).toBe(0);
  await expect(post(`/v1/reconstruct?attacker=nobody&${about}`, noisy, wire)).rejects.toMatchObject({ code: 'bad_request' });
  await expect(post(`/v1/reconstruct?attacker=naive%20viewer&alpha=2&${about}`, noisy, wire)).rejects.toMatchObject({
    code: 'bad_alpha'
  });
  await expect(post(`/v1/forward/tail?alpha=0.99&${about}`, noisy, wire)).rejects.toMatchObject({ code: 'bad_alpha' });
  rmSync(dirname(model), { recursive: true });
});

it.each([
  ['an empty image', Buffer.alloc(0), 'bad_image'],
  ['text as an image', Buffer.from('hello, I am no picture'), 'bad_image'],
  ['a truncated JPEG', null, 'bad_image']
])('%s is refused in one line, and the next run works', async (_, body, code) => {
  const damaged = body ?? photograph.subarray(0, 3000);
  await expect(post('/v1/detect?mode=clean', damaged, JPEG)).rejects.toMatchObject({
    code,
    message: expect.not.stringContaining('\n')
  });
  await post('/v1/detect?mode=clean', photograph, JPEG);
});

it('an ALPHA that the artefact does not reach, and a missing model, are refused', async () => {
  await expect(post('/v1/detect?mode=noisy&alpha=0.99', photograph, JPEG)).rejects.toMatchObject({ code: 'bad_alpha' });
  await expect(post('/v1/detect?mode=clean&model=/no/such/model', photograph, JPEG)).rejects.toMatchObject({
    code: 'model_missing'
  });
});

it('a client that goes away ends its run, and the next one works', async () => {
  const controller = new AbortController();
  const call = callSidecar(connection, { ...LONG_RUN, signal: controller.signal });
  const settled = expect(call).rejects.toThrow();
  await until(async () =>
    /veilbook_running 1/.test((await callSidecar(connection, { method: 'GET', path: '/metrics' })).toString())
  );
  controller.abort();
  await settled;
  await until(async () => {
    const metrics = (await callSidecar(connection, { method: 'GET', path: '/metrics' })).toString();
    return /outcome="cancelled"\} 1/.test(metrics) && /veilbook_running 0/.test(metrics);
  });
  await post('/v1/detect?mode=clean', photograph, JPEG);
});

it('SIGTERM lets a running request finish, and the log holds no pixels', async () => {
  const call = callSidecar(connection, LONG_RUN);
  await until(async () =>
    /veilbook_running 1/.test((await callSidecar(connection, { method: 'GET', path: '/metrics' })).toString())
  );
  process.kill(connection.pid, 'SIGTERM');
  const { tensors: answered } = decodeSafetensors(await call);
  expect(answered['picture.annotated'].data.length).toBeGreaterThan(1000);
  await until(() => !isAlive(connection.pid));
  const log = readFileSync(statePaths(stateDir).log, 'utf8');
  expect(log).toContain('"msg":"stopped"');
  expect(log).not.toContain('photograph'.repeat(2));
  expect(log.length).toBeLessThan(20_000);
});
