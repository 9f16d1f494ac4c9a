import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import sharp from 'sharp';

export const BENCH_WIDTH = 1920;
export const BENCH_HEIGHT = 1080;

/** The frame that is measured, coded and as pixels of the same picture. */
export interface BenchFrame {
  description: string;
  jpeg: Buffer;
  /** H x W x 3 uint8, BGR as cv2 has them. */
  pixels: Uint8Array;
}

/** A 1920 x 1080 JPEG (quality 90): 4 x 2 tiles of a photograph, or of colour ramps where there is none. */
export async function makeBenchFrame(photograph: string | undefined): Promise<BenchFrame> {
  const source = photograph ?? findPhotograph();
  const tile = { width: BENCH_WIDTH / 4, height: BENCH_HEIGHT / 2 };
  const picture = source
    ? sharp(source).resize(tile.width, tile.height, { fit: 'cover', position: 'top' }).removeAlpha()
    : sharp(colourRamps(tile.width, tile.height), { raw: { ...tile, channels: 3 } });
  const input = await picture.png().toBuffer();
  const tiles = Array.from({ length: 8 }, (_, n) => ({
    input,
    left: (n % 4) * tile.width,
    top: Math.floor(n / 4) * tile.height
  }));
  const canvas = { width: BENCH_WIDTH, height: BENCH_HEIGHT, channels: 3 as const, background: 'black' };
  const jpeg = await sharp({ create: canvas }).composite(tiles).removeAlpha().jpeg({ quality: 90 }).toBuffer();
  const pixels = new Uint8Array(await sharp(jpeg).raw().toBuffer());
  for (let at = 0; at < pixels.length; at += 3) {
    [pixels[at], pixels[at + 2]] = [pixels[at + 2], pixels[at]];
  }
  const what = source ? basename(source) : 'synthetic colour ramps (no photograph at hand)';
  return { description: `${BENCH_WIDTH}x${BENCH_HEIGHT} JPEG, 4 x 2 tiles of ${what}`, jpeg, pixels };
}

/** A portrait that comes inside scikit-image, where the project's Python environment has it. */
function findPhotograph(): string | undefined {
  for (const root of [process.cwd(), join(__dirname, '..', '..')]) {
    const lib = join(root, '.venv', 'lib');
    const pythons = existsSync(lib) ? readdirSync(lib) : [];
    const found = pythons.map(python => join(lib, python, 'site-packages/skimage/data/astronaut.png')).find(existsSync);
    if (found) {
      return found;
    }
  }
  return undefined;
}

function colourRamps(width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels[at++] = (x * 255) / width;
      pixels[at++] = (y * 255) / height;
      pixels[at++] = 128 + 100 * Math.sin(x / 9) * Math.sin(y / 7);
    }
  }
  return pixels;
}
