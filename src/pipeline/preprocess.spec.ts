import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel } from '../models';
import { VeilError, type ModelManifest } from '../protocol';
import { openArena } from './kernels';
import { Preprocessor, preprocessSizes } from './preprocess';
import { checkRaster, copyPixels, type Pixels, type Raster } from './raster';

const input: ModelManifest['input'] = { width: 64, height: 48, channel_order: 'bgr', mean: [104, 117, 123], resize: 'bilinear' };

/** Half-pixel bilinear interpolation in float64, without antialiasing; planes of the frame's own channel order. */
function interpolate({ data, width, height }: Pixels, columns: number, rows: number): Float64Array {
  const planes = new Float64Array(3 * rows * columns);
  const tap = (i: number, from: number, to: number) => {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const first = Math.floor(position);
    return [first, Math.min(first + 1, from - 1), position - first];
  };
  for (let y = 0; y < rows; y++) {
    const [top, bottom, down] = tap(y, height, rows);
    for (let x = 0; x < columns; x++) {
      const [left, right, across] = tap(x, width, columns);
      for (let c = 0; c < 3; c++) {
        const at = (row: number, column: number) => data[3 * (row * width + column) + c];
        const upper = at(top, left) * (1 - across) + at(top, right) * across;
        const lower = at(bottom, left) * (1 - across) + at(bottom, right) * across;
        planes[(c * rows + y) * columns + x] = upper * (1 - down) + lower * down;
      }
    }
  }
  return planes;
}

async function run(frame: Raster, settings = input): Promise<Float32Array> {
  const arena = await openArena(preprocessSizes(settings));
  new Preprocessor(arena, settings).run(frame);
  return arena.regions.input.float32();
}

/** Pixels that differ everywhere. */
function noise(width: number, height: number, seed: number): Pixels {
  let state = seed + 1;
  const data = Uint8Array.from({ length: width * height * 3 }, () => (state = (state * 48271) % 2147483647) & 255);
  return { kind: 'pixels', data, width, height, order: 'bgr' };
}

const frames = fc
  .record({ width: fc.integer({ min: 1, max: 150 }), height: fc.integer({ min: 1, max: 150 }), seed: fc.nat() })
  .map(({ width, height, seed }) => noise(width, height, seed));

describe('preprocessing', () => {
  it('is bilinear interpolation minus the mean, to a grey level, for frames of any size', async () => {
    await fc.assert(
      fc.asyncProperty(frames, async frame => {
        const expected = interpolate(frame, input.width, input.height);
        const actual = await run(frame);
        const plane = input.width * input.height;
        const furthest = actual.reduce(
          (most, value, i) => Math.max(most, Math.abs(value + input.mean[Math.floor(i / plane)] - expected[i])),
          0
        );
        expect(furthest).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 }
    );
  });

  it('leaves a frame of the input size as it is', async () => {
    const data = Uint8Array.from({ length: 3 * 64 * 48 }, (_, i) => (i * 7) % 256);
    const planes = await run({ kind: 'pixels', data, width: 64, height: 48, order: 'bgr' });
    const plane = 64 * 48;
    expect(
      planes.every((value, i) => value === data[3 * (i % plane) + Math.floor(i / plane)] - input.mean[Math.floor(i / plane)])
    ).toBe(true);
  });

  it('swaps red and blue when frame and model differ', async () => {
    const data = new Uint8Array(5 * 5 * 3).map((_, i) => [10, 20, 30][i % 3]);
    const frame: Pixels = { kind: 'pixels', data, width: 5, height: 5, order: 'rgb' };
    const plane = 64 * 48;
    const swapped = await run(frame);
    expect([swapped[0], swapped[plane], swapped[2 * plane]]).toEqual([30 - 104, 20 - 117, 10 - 123]);
    const kept = await run(frame, { ...input, channel_order: 'rgb' });
    expect([kept[0], kept[plane], kept[2 * plane]]).toEqual([10 - 104, 20 - 117, 30 - 123]);
  });

  it('gives the next frame nothing of the one before', async () => {
    const settings = (await loadModel()).manifest.input;
    const arena = await openArena(preprocessSizes(settings));
    const preprocessor = new Preprocessor(arena, settings);
    const grey = (level: number, width: number): Pixels => ({
      kind: 'pixels',
      data: new Uint8Array(width * 9 * 3).fill(level),
      width,
      height: 9,
      order: 'bgr'
    });
    preprocessor.run(grey(200, 31));
    preprocessor.run(grey(7, 20));
    const values = arena.regions.input.float32();
    const plane = settings.width * settings.height;
    expect(values.every((value, i) => value === 7 - settings.mean[Math.floor(i / plane)])).toBe(true);
  });

  it.each([
    ['an empty frame', { data: new Uint8Array(0), width: 0, height: 0 }, 'bad_image'],
    ['a grey frame', { data: new Uint8Array(100), width: 10, height: 10 }, 'bad_image'],
    ['four channels', { data: new Uint8Array(400), width: 10, height: 10 }, 'bad_image'],
    ['a fractional side', { data: new Uint8Array(3), width: 0.5, height: 2 }, 'bad_image'],
    ['a side beyond the limit', { data: new Uint8Array(3 * 70_000), width: 70_000, height: 1 }, 'image_too_large']
  ])('refuses %s', (_, pixels, code) => {
    const check = () => checkRaster({ kind: 'pixels', order: 'rgb', ...pixels });
    expect(check).toThrow(VeilError);
    expect(check).toThrow(expect.objectContaining({ code }));
  });
});

describe('a frame in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'veil-raster-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  async function shared<T>({ data, ...shape }: Pixels, work: (frame: Raster) => Promise<T> | T): Promise<T> {
    const path = join(folder, 'frame');
    writeFileSync(path, data);
    const file = await open(path);
    try {
      return await work({ ...shape, kind: 'shared', file });
    } finally {
      await file.close();
    }
  }

  it.each([
    ['shrunk a little, in several blocks', 1500, 90],
    ['enlarged', 20, 7],
    ['shrunk so far that rows are passed over', 700, 1000],
    ['of one row', 900, 1],
    ['with the longest rows there can be', 65_535, 3]
  ])('gives the same tensor as in memory: %s', async (_, width, height) => {
    const frame = noise(width, height, 5);
    const fromFile = await shared(frame, raster => run(raster));
    expect(Buffer.compare(Buffer.from(fromFile.buffer), Buffer.from((await run(frame)).buffer))).toBe(0);
    expect(Buffer.compare(await shared(frame, raster => copyPixels(raster).data), frame.data)).toBe(0);
  });

  it('that is cut off during the run is an error, not a frame of something else', async () => {
    const short = { ...noise(100, 40, 1), height: 50 };
    await expect(shared(short, raster => run(raster))).rejects.toMatchObject({
      code: 'bad_image',
      message: expect.stringContaining('ends after 12000 bytes')
    });
  });
});
