import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { loadDetector, type DetectorModel } from '../models';
import { DetectionResult, VeilError, type PictureKind, type RunOptions, type WireTensor } from '../protocol';
import { decodeImage } from './codec';
import type { DetectRequest, Frame } from './compute';
import { Detector } from './detector';

const photograph = resolve(__dirname, '../../../shared/data/faces/val/originalPics/2002/v_0094.jpg');
const onPhotograph = existsSync(photograph) ? it : it.skip;
const context = { device: 'cpu', notices: [], checkpoint: () => undefined };

let model: DetectorModel;
let detector: Detector;
let bare: Detector;

beforeAll(async () => {
  model = await loadDetector();
  detector = await Detector.open(model, { kind: 'cpu', index: 0 }, 1);
  bare = await Detector.open({ ...model, obfuscation: null }, { kind: 'cpu', index: 0 }, 1);
});
afterAll(() => Promise.all([detector.release(), bare.release()]));

const stripes: Frame = {
  kind: 'pixels',
  data: Uint8Array.from({ length: 200 * 100 * 3 }, (_, i) => (i * 37) % 256),
  width: 200,
  height: 100,
  order: 'rgb'
};
const request = (options: RunOptions, more: Partial<DetectRequest> = {}): DetectRequest => ({
  image: 'stripes',
  frame: stripes,
  options,
  pictures: [],
  activation: false,
  ...more
});
/** jest compares typed arrays value by value, which takes seconds. */
const same = (a: WireTensor['data'] | undefined, b: WireTensor['data'] | undefined) =>
  a !== undefined && b !== undefined && Buffer.compare(bytes(a), bytes(b)) === 0;
const bytes = ({ buffer, byteOffset, byteLength }: WireTensor['data']) => Buffer.from(buffer, byteOffset, byteLength);
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('the detector', () => {
  onPhotograph('finds the face, clean and noisy, in the same place', async () => {
    const frame: Frame = { kind: 'coded', data: readFileSync(photograph) };
    for (const options of [{ mode: 'clean' } as const, { mode: 'noisy', alpha: 0.2 } as const]) {
      const { result } = await detector.detect(request(options, { frame, image: 'photo' }), context);
      const [face] = result.detections;
      expect(face.score).toBeGreaterThan(0.9);
      expect(face.x1).toBeGreaterThan(130);
      expect(face.x1).toBeLessThan(190);
      expect(face.y2).toBeGreaterThan(230);
      expect(face.y2).toBeLessThan(280);
    }
  });

  onPhotograph('gives the three verbs the outcome of one run', async () => {
    const frame = await decodeImage(readFileSync(photograph), 'photo');
    const { result, activation } = await detector.detect(request({ mode: 'clean' }, { frame, activation: true }), context);
    const head = await detector.forwardHead(frame, () => undefined);
    expect(head.shape).toEqual([1, 128, 32, 32]);
    expect(same(head.data, activation?.data)).toBe(true);
    const heads = await detector.forwardTail(head);
    expect([heads.loc.shape, heads.conf.shape]).toEqual([
      [1, 21824, 4],
      [1, 21824, 2]
    ]);
    expect(detector.postprocess(heads, { ...frame, threshold: 0 })).toEqual(result.detections);
    expect(detector.postprocess(heads, { ...frame, threshold: 0.5 })).toHaveLength(1);
  });

  it('describes a clean run completely, and never calls it private', async () => {
    const { result, pictures, activation } = await detector.detect(request({ mode: 'clean' }), context);
    expect([...Value.Errors(DetectionResult, result)]).toEqual([]);
    expect(result).toMatchObject({
      alpha: null,
      private: false,
      artefact: null,
      threshold: 0.5,
      notices: [],
      width: 200,
      height: 100
    });
    expect(Object.keys(result.timings_ms).sort()).toEqual(['head', 'postprocess', 'preprocess', 'tail', 'total']);
    expect([pictures, activation]).toEqual([{}, undefined]);
  });

  it('describes a noisy run completely, with half the threshold and what was measured', async () => {
    const { result } = await detector.detect(request({ mode: 'noisy', alpha: 0.2 }), { ...context, notices: ['told before'] });
    expect([...Value.Errors(DetectionResult, result)]).toEqual([]);
    expect(result).toMatchObject({ alpha: 0.2, private: true, threshold: 0.25, artefact: { calibrated: true } });
    expect(result.notices).toEqual([
      'told before',
      expect.stringMatching(/^ALPHA 0.2: the strongest attacker it was calibrated to recovers (about )?\d+% of image variance/)
    ]);
    expect(result.timings_ms.noise).toBeGreaterThan(0);
  });

  it('hands out the activation that the tail saw, never the clean one of a noisy run', async () => {
    const clean = (await detector.forwardHead(stripes, () => undefined)).data as Float32Array;
    const { activation } = await detector.detect(request({ mode: 'noisy', alpha: 0.2 }, { activation: true }), context);
    const step = model.obfuscation!.step;
    const sent = activation!.data as Float32Array;
    expect(sent.every(value => Number.isInteger(value / step))).toBe(true);
    expect(sent.filter((value, i) => value === clean[i]).length).toBeLessThan(sent.length / 50);
  });

  it('marks seeded noise as not private, and repeats it', async () => {
    const run = () => detector.detect(request({ mode: 'noisy', alpha: 0.2, insecure_seed: 4 }, { activation: true }), context);
    const [first, second] = [await run(), await run()];
    expect(first.result.private).toBe(false);
    expect(same(first.activation?.data, second.activation?.data)).toBe(true);
    const outcome = await detector.forwardNoise(first.activation!, { alpha: 0.2, insecure_seed: 4 });
    expect([outcome.private, outcome.notices.length]).toEqual([false, 2]);
  });

  it('makes the pictures that were asked for and none else', async () => {
    const kinds: PictureKind[] = ['annotated', 'frame', 'reconstruction'];
    const options: RunOptions = { mode: 'noisy', alpha: 0.2, max_side: 50, picture_format: 'png' };
    const { pictures } = await detector.detect(request(options, { pictures: kinds }), context);
    expect(pictures.annotated).toMatchObject({ mime: 'image/png', width: 200, height: 100 });
    expect(pictures.frame).toMatchObject({ width: 50, height: 25 });
    expect(pictures.reconstruction).toMatchObject({ width: 50, height: 25 });
    const only = await detector.detect(request({ mode: 'clean' }, { pictures: ['frame'] }), context);
    expect(Object.keys(only.pictures)).toEqual(['frame']);
    expect(only.pictures.frame).toMatchObject({ mime: 'image/jpeg', width: 200, height: 100 });
  });

  it('leaves the pixels of the caller alone', async () => {
    const before = (stripes as { data: Uint8Array }).data.slice();
    await detector.detect(request({ mode: 'clean', threshold: 0 }, { pictures: ['annotated'] }), context);
    expect(same((stripes as { data: Uint8Array }).data, before)).toBe(true);
  });

  it('keeps frames that come at once apart', async () => {
    const grey: Frame = { ...(stripes as Extract<Frame, { kind: 'pixels' }>), data: new Uint8Array(200 * 100 * 3).fill(90) };
    const alone = [await detector.forwardHead(stripes, () => undefined), await detector.forwardHead(grey, () => undefined)];
    const together = await Promise.all([
      detector.forwardHead(stripes, () => undefined),
      detector.forwardHead(grey, () => undefined)
    ]);
    expect(together.map(({ data }, i) => same(data, alone[i].data))).toEqual([true, true]);
  });

  it('stops at the next stage when the caller has gone, and works again afterwards', async () => {
    let calls = 0;
    const checkpoint = () => {
      if (++calls === 3) {
        throw new VeilError('cancelled', 'The run was cancelled.', '');
      }
    };
    await expect(detector.detect(request({ mode: 'clean' }), { ...context, checkpoint })).rejects.toEqual(code('cancelled'));
    expect(calls).toBe(3);
    await expect(detector.detect(request({ mode: 'clean' }), context)).resolves.toBeDefined();
  });
});

describe('the detector refuses', () => {
  it.each<[string, RunOptions, string]>([
    ['a noisy run without ALPHA', { mode: 'noisy' }, 'bad_alpha'],
    ['an ALPHA outside the range', { mode: 'noisy', alpha: 0.97 }, 'bad_alpha'],
    ['a clean run with ALPHA', { mode: 'clean', alpha: 0.2 }, 'bad_request'],
    ['a mode it does not know', { mode: 'quiet' as 'clean' }, 'bad_request']
  ])('%s', async (_, options, expected) => {
    await expect(detector.detect(request(options), context)).rejects.toEqual(code(expected));
  });

  it('everything noisy without an artefact, and still runs clean', async () => {
    await expect(bare.detect(request({ mode: 'noisy', alpha: 0.2 }), context)).rejects.toEqual(code('artefact_missing'));
    const wire = { data: new Float32Array(131072), shape: [1, 128, 32, 32] };
    await expect(bare.forwardNoise(wire, { alpha: 0.2 })).rejects.toEqual(code('artefact_missing'));
    const painted = request({ mode: 'clean' }, { pictures: ['reconstruction'] });
    await expect(bare.detect(painted, context)).rejects.toEqual(code('artefact_missing'));
    await expect(bare.detect(request({ mode: 'clean' }), context)).resolves.toBeDefined();
  });

  it('tensors of another shape or dtype', async () => {
    const short = { data: new Float32Array(8), shape: [1, 2, 2, 2] };
    const integers = { data: new Uint8Array(131072), shape: [1, 128, 32, 32] };
    await expect(detector.forwardNoise(short, { alpha: 0.2 })).rejects.toEqual(code('bad_tensor'));
    await expect(detector.forwardNoise(integers, { alpha: 0.2 })).rejects.toEqual(code('bad_tensor'));
    await expect(detector.forwardTail(short)).rejects.toEqual(code('bad_tensor'));
    expect(() => detector.postprocess({ loc: short, conf: short }, { width: 9, height: 9, threshold: 0 })).toThrow(VeilError);
  });

  it('a graph or priors that are not as described', async () => {
    const { manifest } = model;
    const open = (changed: Partial<typeof manifest>) =>
      Detector.open({ ...model, obfuscation: null, manifest: { ...manifest, ...changed } }, { kind: 'cpu', index: 0 }, 1);
    const { tail, head } = manifest;
    await expect(open({ priors: manifest.priors.slice(0, 2) })).rejects.toEqual(code('model_mismatch'));
    await expect(open({ tail: { ...tail, loc: tail.conf, conf: tail.loc } })).rejects.toEqual(code('model_mismatch'));
    await expect(open({ head: { ...head, activation: { ...head.activation, shape: [64, 32, 32] } } })).rejects.toEqual(
      code('model_mismatch')
    );
  });
});
