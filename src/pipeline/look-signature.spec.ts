import { closeSync, openSync, rmSync, writeFileSync, mkdtempSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { hashDistance, NEAR } from '../numerics/difference-hash';
import { Random } from '../numerics/random';
import { cleanActivation } from './activation';
import { decodeImage } from './codec';
import { insecureSeededEpsilon } from './epsilon';
import { activationHash, frameHash, tensorOf, watched } from './look-signature';
import type { Pixels } from './raster';

/** A scene of its own for every seed: soft random patches, as of a camera. */
function scene(seed: number): Sharp {
  const random = new Random(seed);
  const data = Uint8Array.from({ length: 12 * 9 * 3 }, () => random.integer(256));
  return sharp(data, { raw: { width: 12, height: 9, channels: 3 } }).resize(480, 360, { kernel: 'cubic', fit: 'fill' });
}
const decoded = async (image: Sharp): Promise<Pixels> => decodeImage(await image.toBuffer(), 'a scene');
const copyOf = async (image: Sharp): Promise<Sharp> => sharp(await image.png().toBuffer());

describe('the hash of a frame', () => {
  it('is near for one scene coded, scaled, darkened or with other noise, and far for another', async () => {
    const one = frameHash(await decoded(scene(1).png()));
    const copies = [
      scene(1).jpeg({ quality: 40 }),
      (await copyOf(scene(1))).linear(0.7, 20).png(),
      (await copyOf(scene(1))).resize(1111, 640, { fit: 'fill' }).webp({ quality: 60 }),
      (await copyOf(scene(1))).resize(90, 70, { fit: 'fill' }).png()
    ];
    for (const copy of copies) {
      expect(hashDistance(frameHash(await decoded(copy)), one)).toBeLessThanOrEqual(NEAR);
    }
    const grain = new Random(3);
    const pixels = await decoded(scene(1).png());
    const grainy: Pixels = { ...pixels, data: pixels.data.map(value => Math.min(255, value + grain.integer(4))) };
    expect(hashDistance(frameHash(grainy), one)).toBeLessThanOrEqual(NEAR);
    for (const seed of [2, 3, 4]) {
      expect(hashDistance(frameHash(await decoded(scene(seed).png())), one)).toBeGreaterThan(3 * NEAR);
    }
  });

  it('is the same whatever the order of the channels, in memory and in a file', async () => {
    const rgb = await decoded(scene(5).png());
    const bgr: Pixels = { ...rgb, order: 'bgr', data: rgb.data.map((_, i) => rgb.data[i - (i % 3) + 2 - (i % 3)]) };
    expect(frameHash(bgr)).toEqual(frameHash(rgb));
    const folder = mkdtempSync(join(tmpdir(), 'veilbook-look-'));
    writeFileSync(join(folder, 'frame'), rgb.data);
    const fd = openSync(join(folder, 'frame'), 'r');
    expect(frameHash({ ...rgb, kind: 'shared', file: { fd } as FileHandle })).toEqual(frameHash(rgb));
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  it('has no bit of a picture without structure, whatever its size and shade', () => {
    const grey = (width: number, height: number, value: number): Pixels => {
      return { kind: 'pixels', data: new Uint8Array(3 * width * height).fill(value), width, height, order: 'rgb' };
    };
    for (const frame of [grey(1, 1, 9), grey(28, 28, 200), grey(1920, 1080, 3)]) {
      expect(frameHash(frame)).toEqual(new Array(8).fill(0));
    }
  });
});

describe('the hash of an activation', () => {
  const activation = (seed: number, change = (value: number, _i: number) => value) => {
    const random = new Random(seed);
    const plane = Float32Array.from({ length: 32 * 32 }, () => random.normal());
    const data = Float32Array.from({ length: 8 * 1024 }, (_, i) => change(plane[i % 1024] * (1 + (i >> 10)), i));
    return cleanActivation(data, [8, 32, 32]);
  };

  it('is that of the mean over its channels', () => {
    const one = activationHash(activation(1));
    const little = new Random(9);
    expect(activationHash(activation(1, value => 0.5 * value + 3))).toEqual(one);
    expect(hashDistance(activationHash(activation(1, value => value + little.normal(0, 0.05))), one)).toBeLessThanOrEqual(NEAR);
    expect(hashDistance(activationHash(activation(2)), one)).toBeGreaterThan(3 * NEAR);
  });
});

describe('the name of a tensor', () => {
  const digest = new Uint8Array(32).fill(7);

  it('is one for one activation, artefact, ALPHA and key or seed', () => {
    expect(tensorOf(digest, 'a', 0.5, undefined)).toBe(tensorOf(digest.slice(), 'a', 0.5, undefined));
    const others = [
      tensorOf(digest, 'a', 0.5, undefined),
      tensorOf(digest, 'b', 0.5, undefined),
      tensorOf(digest, 'a', 0.6, undefined),
      tensorOf(digest, 'a', 0.5, 0),
      tensorOf(digest, 'a', 0.5, 1),
      tensorOf(
        digest.map(byte => byte + 1),
        'a',
        0.5,
        undefined
      )
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  it('comes from the digest that epsilon is drawn for, which watching leaves as it is', () => {
    const [plain, epsilon] = [insecureSeededEpsilon(1), watched(insecureSeededEpsilon(1))];
    const [a, b] = [new Uint8Array(64), new Uint8Array(64)];
    plain.fill(a, digest);
    expect([epsilon.digest, epsilon.private]).toEqual([null, false]);
    epsilon.fill(b, digest);
    expect([b, epsilon.digest]).toEqual([a, digest]);
  });
});
