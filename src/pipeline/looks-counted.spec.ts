import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import sharp from 'sharp';
import { modelWithArtefact } from '../../test/support/artefact';
import { Random } from '../numerics/random';
import { DetectionResult, type RunOptions } from '../protocol';
import type { Compute, Frame } from './compute';
import { openCompute } from './engine';

// Workers open a model each; on a busy machine that takes its time.
jest.setTimeout(60_000);

let dir: string;
let compute: Compute;
beforeAll(async () => {
  dir = await modelWithArtefact();
  compute = await openCompute({ threads: 1, workers: 2 });
});
afterAll(async () => {
  await compute.close();
  rmSync(dirname(dir), { recursive: true });
});

/** A scene of its own for every seed, coded. */
async function scene(seed: number, quality = 90, brightness = 1): Promise<Frame> {
  const random = new Random(seed);
  const data = Uint8Array.from({ length: 12 * 9 * 3 }, () => random.integer(256));
  const image = sharp(data, { raw: { width: 12, height: 9, channels: 3 } }).resize(240, 180, { kernel: 'cubic', fit: 'fill' });
  return { kind: 'coded', data: await image.linear(brightness, 0).jpeg({ quality }).toBuffer() };
}
const run = async (frame: Frame, options: RunOptions = { mode: 'noisy', alpha: 0.5 }) => {
  const request = { image: 'scene', frame, options: { ...options, model: dir, device: 'cpu' }, pictures: [], activation: false };
  const outcome = await compute.detect(request);
  expect(outcome).not.toHaveProperty('look');
  return outcome.result;
};

describe('the looks of a process life', () => {
  it('are none of a clean run', async () => {
    expect((await run(await scene(1), { mode: 'clean' })).looks).toBeNull();
  });

  it('are counted over the workers and for near-duplicates, not for what is sent again', async () => {
    // At once, so that both workers take part.
    const first = await Promise.all([90, 70, 50, 30].map(async quality => run(await scene(2, quality))));
    expect(first.map(({ looks }) => looks!.count).sort()).toEqual([1, 2, 3, 4]);
    const again = await run(await scene(2, 90));
    expect([...Value.Errors(DetectionResult, again)]).toEqual([]);
    expect(again.looks).toEqual({ count: 4, alpha_1: 0.5, alpha_k: 0.25 });
    expect(again.notices.at(-1)).toBe(
      'This source was seen 4 times with fresh noise: ALPHA for all looks together is 0.25 (one look: 0.50).'
    );
    const other = await run(await scene(3));
    expect(other.looks).toEqual({ count: 1, alpha_1: 0.5, alpha_k: 0.5 });
    expect(other.notices).toHaveLength(1);
    expect((await run(await scene(2, 90, 0.8))).looks!.count).toBe(5);
  });

  it('are looks with a seed too, and one at another strength', async () => {
    const noisy = { mode: 'noisy', alpha: 0.9 } as const;
    expect((await run(await scene(4), noisy)).looks!.count).toBe(1);
    for (let again = 0; again < 2; again++) {
      expect((await run(await scene(4), { ...noisy, insecure_seed: 7 })).looks!.count).toBe(2);
    }
    const weak = await run(await scene(4), { mode: 'noisy', alpha: 0.1 });
    expect(weak.looks!.count).toBe(3);
    const strong = await run(await scene(4), noisy);
    expect(strong.looks).toMatchObject({ count: 3, alpha_1: 0.9 });
    expect(strong.looks!.alpha_k).toBeLessThan(0.1);
  });

  it('are those of activations too', async () => {
    const clean = await compute.forwardHead(await scene(5), { model: dir, device: 'cpu' });
    const noisy = (scale: number) => {
      const activation = { data: (clean.data as Float32Array).map(value => value * scale), shape: clean.shape };
      return compute.forwardNoise(activation, { model: dir, alpha: 0.5 });
    };
    const told = [await noisy(1), await noisy(1), await noisy(0.98)];
    expect(told.map(({ looks }) => looks!.count)).toEqual([1, 1, 2]);
    expect(told[2].notices.at(-1)).toMatch(/^This source was seen 2 times with fresh noise/);
    expect(told[2]).not.toHaveProperty('look');
  });

  it('are those of a picture that went through whole and in parts together', async () => {
    const options = { model: dir, device: 'cpu' };
    expect((await run(await scene(6))).looks!.count).toBe(1);
    const activation = await compute.forwardHead(await scene(6), options);
    // The same tensor tells nothing new; that of another strength does.
    expect((await compute.forwardNoise({ ...activation }, { ...options, alpha: 0.5 })).looks!.count).toBe(1);
    const other = await compute.forwardNoise(await compute.forwardHead(await scene(6, 60), options), { ...options, alpha: 0.9 });
    expect(other.looks).toMatchObject({ count: 2, alpha_1: 0.9 });
    expect(other.looks!.alpha_k).toBeLessThan(0.5);
    expect((await run(await scene(6, 30))).looks!.count).toBe(3);
  });
});
