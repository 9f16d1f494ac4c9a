import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import sharp from 'sharp';
import { modelWithArtefact } from '../../test/support/artefact';
import type { Compute, Frame } from './compute';
import { openCompute } from './engine';

jest.setTimeout(60_000);

const ALPHAS = [0.1, 0.3, 0.5, 0.7, 0.9, 0.5];
let dir: string;
let compute: Compute;
beforeAll(async () => {
  dir = await modelWithArtefact();
  compute = await openCompute({ threads: 1, workers: 1 });
});
afterAll(async () => {
  await compute.close();
  rmSync(dirname(dir), { recursive: true });
});

async function scene(seed: number): Promise<Frame> {
  const data = Uint8Array.from({ length: 12 * 9 * 3 }, (_, i) => (i * i * 7 + 31 * seed) % 251);
  const image = sharp(data, { raw: { width: 12, height: 9, channels: 3 } }).resize(240, 180, { fit: 'fill' });
  return { kind: 'coded', data: await image.jpeg().toBuffer() };
}

describe('a sweep of one frame', () => {
  it('gives what single runs give, clean and at each strength, from one decoding and one head', async () => {
    const { clean, noisy, model, timings_ms } = await compute.sweep({
      image: 'scene',
      frame: await scene(1),
      alphas: ALPHAS,
      model: dir,
      device: 'cpu'
    });
    const detect = async (alpha?: number) => {
      const options = { mode: alpha === undefined ? ('clean' as const) : ('noisy' as const), alpha, model: dir, device: 'cpu' };
      const request = { image: 'scene', frame: await scene(1), options, pictures: [], activation: false };
      return (await compute.detect(request)).result;
    };
    const plain = await detect();
    expect(clean).toEqual(plain.detections);
    expect(model).toEqual(plain.model);
    // One key and one activation give one noise, in whatever run.
    for (const [i, alpha] of ALPHAS.entries()) {
      expect(noisy[i]).toEqual((await detect(alpha)).detections);
    }
    expect(Object.keys(timings_ms)).toEqual(expect.arrayContaining(['decode', 'head', 'noise', 'tail', 'postprocess']));
  });

  it('counts every strength as a look, and a strength that comes again as none', async () => {
    const request = async () => ({ image: 'scene', frame: await scene(2), alphas: ALPHAS, model: dir, device: 'cpu' });
    expect((await compute.sweep(await request())).looks).toMatchObject({ count: 5 });
    expect((await compute.sweep(await request())).looks).toMatchObject({ count: 5 });
  });

  it('refuses a strength outside the artefact before anything runs', async () => {
    const request = { image: 'scene', frame: await scene(3), alphas: [0.5, 0.999], model: dir, device: 'cpu' };
    await expect(compute.sweep(request)).rejects.toMatchObject({ code: 'bad_alpha' });
  });
});
