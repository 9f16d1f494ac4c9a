import sharp, { type Metadata } from 'sharp';
import { VeilError, type PictureFormat } from '../protocol';
import type { CodedPicture } from './compute';
import { completeBytes, sniff } from './image-header';
import type { Pixels } from './raster';

/** Frames above this many megapixels are refused by their header; $VEILBOOK_MAX_MEGAPIXELS sets another limit. */
const DEFAULT_MEGAPIXELS = 100;
const JPEG_QUALITY = 80;

// One core per worker: the pool decides how many work, not libvips.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decode a JPEG, PNG, WebP, TIFF or GIF (first picture) to 8-bit RGB: orientation applied, transparency dropped,
 * grey, 16-bit and CMYK converted. Colour profiles of RGB images are left aside, as OpenCV and PIL do.
 *
 * @param name for messages
 * @throws VeilError `bad_image`, or `image_too_large` by the header, before any pixel is decoded
 */
export async function decodeImage(data: Uint8Array, name: string): Promise<Pixels> {
  if (data.length === 0) {
    throw new VeilError('bad_image', `${name} is empty (0 bytes). Nothing was run.`, 'Give a picture file.');
  }
  const format = sniff(data);
  if (!format) {
    throw new VeilError(
      'bad_image',
      `${name} is not a JPEG, PNG, WebP, TIFF or GIF picture. Nothing was run.`,
      'Give a picture file, or pixels as a height x width x 3 uint8 array.'
    );
  }
  const header = await readHeader(data, name);
  try {
    const { data: pixels, info } = await sharp(data, {
      failOn: 'truncated',
      limitInputPixels: false,
      ignoreIcc: header.space !== 'cmyk'
    })
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { kind: 'pixels', data: pixels, width: info.width, height: info.height, order: 'rgb' };
  } catch (error) {
    throw damaged(data, name, error);
  }
}

async function readHeader(data: Uint8Array, name: string): Promise<Metadata> {
  const header = await sharp(data, { limitInputPixels: false })
    .metadata()
    .catch(error => {
      throw damaged(data, name, error);
    });
  const limit = Number(process.env.VEILBOOK_MAX_MEGAPIXELS) || DEFAULT_MEGAPIXELS;
  if (header.width * header.height > limit * 1e6) {
    throw new VeilError(
      'image_too_large',
      `${name} is ${header.width} x ${header.height} pixels, more than ${limit} megapixels. It was not decoded, nothing was run.`,
      'Scale it down, or set VEILBOOK_MAX_MEGAPIXELS.'
    );
  }
  return header;
}

function damaged(data: Uint8Array, name: string, cause: unknown): VeilError {
  const { complete, expected } = completeBytes(data);
  const remedy = 'Re-export the file.';
  const has = data.length.toLocaleString('en');
  if (!complete) {
    const where =
      expected === undefined ? `${has} bytes, before its end mark` : `${has} of ${expected.toLocaleString('en')} bytes`;
    return new VeilError('bad_image', `${name} is truncated after ${where}. Nothing was run.`, remedy);
  }
  const why = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
  return new VeilError('bad_image', `${name} cannot be decoded (${why}). Nothing was run.`, remedy);
}

/** Code a picture, scaled to `size` where it is given (a picture for people: smooth, never an input of the detector). */
export async function encodePicture(
  { data, width, height, order }: Pixels,
  format: PictureFormat,
  size: { width: number; height: number } = { width, height }
): Promise<CodedPicture> {
  let image = sharp(data, { raw: { width, height, channels: 3 } });
  if (order === 'bgr') {
    image = image.recomb([
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0]
    ]);
  }
  if (size.width !== width || size.height !== height) {
    image = image.resize(size.width, size.height, { fit: 'fill' });
  }
  const coded = format === 'png' ? image.png() : image.jpeg({ quality: JPEG_QUALITY, optimiseCoding: false });
  return { mime: `image/${format}`, ...size, data: await coded.toBuffer() };
}
