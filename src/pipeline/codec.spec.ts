import { deflateSync, crc32 } from 'node:zlib';
import sharp from 'sharp';
import { VeilError } from '../protocol';
import { decodeImage, encodePicture } from './codec';

/** A gradient, so that channels, axes and orientation can be told apart. */
const WIDTH = 32;
const HEIGHT = 24;
const gradient = Buffer.from(
  Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)];
    return [x * 8, y * 10, 128][i % 3];
  })
);
const raw = () => sharp(gradient, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });

async function failure(data: Uint8Array, name = 'photo.jpg'): Promise<VeilError> {
  const error: unknown = await decodeImage(data, name).then(
    () => undefined,
    thrown => thrown
  );
  expect(error).toBeInstanceOf(VeilError);
  const { line } = error as VeilError;
  expect(line).not.toContain('\n');
  return error as VeilError;
}

/** A PNG of one chunk that claims a size, with no pixels behind the claim. */
function pngHeader(width: number, height: number): Buffer {
  const chunk = (type: string, body: Buffer) => {
    const content = Buffer.concat([Buffer.from(type), body]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(body.length, 0);
    ends.writeUInt32BE(crc32(content), 4);
    return Buffer.concat([ends.subarray(0, 4), content, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    magic,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(64))),
    chunk('IEND', Buffer.alloc(0))
  ]);
}

describe('decoding', () => {
  it.each(['png', 'webp', 'tiff'] as const)('gives back the pixels of a lossless %s', async format => {
    const options = format === 'webp' ? { lossless: true } : format === 'tiff' ? { compression: 'lzw' as const } : {};
    const frame = await decodeImage(await raw().toFormat(format, options).toBuffer(), 'picture');
    expect(frame).toMatchObject({ kind: 'pixels', width: WIDTH, height: HEIGHT, order: 'rgb' });
    expect(Buffer.compare(Buffer.from(frame.data), gradient)).toBe(0);
  });

  it.each([
    ['grey', () => raw().greyscale().png()],
    ['transparent', () => raw().ensureAlpha(0.5).png()],
    ['transparent grey', () => raw().greyscale().ensureAlpha(0.5).png()],
    ['16-bit', () => raw().toColourspace('rgb16').png()],
    ['palette', () => raw().png({ palette: true })],
    ['CMYK', () => raw().toColourspace('cmyk').jpeg()],
    ['progressive', () => raw().jpeg({ progressive: true })],
    ['GIF', () => raw().gif()]
  ])('makes 8-bit RGB of a %s picture', async (_, make) => {
    const frame = await decodeImage(await make().toBuffer(), 'picture');
    expect(frame.data).toHaveLength(WIDTH * HEIGHT * 3);
    expect(frame).toMatchObject({ width: WIDTH, height: HEIGHT });
  });

  it('keeps the brightness of 16-bit pictures', async () => {
    const frame = await decodeImage(await raw().toColourspace('rgb16').png().toBuffer(), 'picture');
    expect(frame.data.every((value, i) => Math.abs(value - gradient[i]) <= 1)).toBe(true);
  });

  it('drops transparency and keeps the colour beneath, as OpenCV does', async () => {
    const frame = await decodeImage(await raw().ensureAlpha(0).png().toBuffer(), 'picture');
    expect(Buffer.compare(Buffer.from(frame.data), gradient)).toBe(0);
  });

  it('turns the picture as its EXIF orientation says', async () => {
    const frame = await decodeImage(await raw().jpeg({ quality: 100 }).withMetadata({ orientation: 6 }).toBuffer(), 'picture');
    expect([frame.width, frame.height]).toEqual([HEIGHT, WIDTH]);
    // Turned clockwise, what was at the left (red 0) is at the top.
    expect(frame.data[0]).toBeLessThan(30);
    expect(frame.data[3 * (frame.height - 1) * frame.width]).toBeGreaterThan(200);
  });
});

describe('bad pictures', () => {
  it('of no bytes', async () => {
    expect(await failure(new Uint8Array(0))).toMatchObject({ code: 'bad_image', message: expect.stringContaining('0 bytes') });
  });

  it.each(['plain text, no picture', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', '%PDF-1.7'])(
    'that are text: %s',
    async text => {
      expect(await failure(Buffer.from(text), 'notes.txt')).toMatchObject({
        code: 'bad_image',
        message: expect.stringContaining('notes.txt is not a JPEG, PNG, WebP, TIFF or GIF')
      });
    }
  );

  it.each([
    ['jpeg', /photo.jpg is truncated after [\d,]+ bytes/],
    ['png', /photo.jpg is truncated after [\d,]+ bytes/],
    ['webp', /photo.jpg is truncated after [\d,]+ of [\d,]+ bytes/]
  ] as const)('that are truncated: %s', async (format, message) => {
    const noise = Buffer.from(Uint8Array.from({ length: 256 * 256 * 3 }, (_, i) => (i * i * 31) >> 3));
    const whole = await sharp(noise, { raw: { width: 256, height: 256, channels: 3 } })
      .toFormat(format)
      .toBuffer();
    const error = await failure(whole.subarray(0, Math.floor(whole.length / 2)));
    expect(error.code).toBe('bad_image');
    expect(error.message).toMatch(message);
  });

  it('that are damaged in the middle', async () => {
    const png = await raw().png({ compressionLevel: 0 }).toBuffer();
    png.fill(0x55, 60, 400);
    expect((await failure(png)).code).toBe('bad_image');
  });

  it('that claim more pixels than allowed, before decoding', async () => {
    const error = await failure(pngHeader(20_000, 20_000), 'huge.png');
    expect(error).toMatchObject({ code: 'image_too_large', message: expect.stringContaining('20000 x 20000') });
  });
});

describe('encoding', () => {
  it('writes what was drawn, in either channel order', async () => {
    const swapped = gradient.map((_, i) => gradient[i - (i % 3) + (2 - (i % 3))]);
    for (const [data, order] of [
      [gradient, 'rgb'],
      [swapped, 'bgr']
    ] as const) {
      const picture = await encodePicture({ kind: 'pixels', data, width: WIDTH, height: HEIGHT, order }, 'png');
      expect(picture).toMatchObject({ mime: 'image/png', width: WIDTH, height: HEIGHT });
      const back = await decodeImage(picture.data, 'picture');
      expect(Buffer.compare(Buffer.from(back.data), gradient)).toBe(0);
    }
  });

  it('scales for people', async () => {
    const frame = { kind: 'pixels', data: gradient, width: WIDTH, height: HEIGHT, order: 'rgb' } as const;
    const picture = await encodePicture(frame, 'jpeg', { width: 16, height: 12 });
    expect(picture).toMatchObject({ mime: 'image/jpeg', width: 16, height: 12 });
    expect(await sharp(picture.data).metadata()).toMatchObject({ width: 16, height: 12, format: 'jpeg' });
  });
});
