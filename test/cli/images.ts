import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { root } from './cli';

/** A picture without faces: colour ramps as JPEG. */
export function ramps(width = 320, height = 240): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 251));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
}

/** A PNG that says it is so large, with hardly any data: refused by its header, or not at all. */
export function hugePng(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: 'black' }, limitInputPixels: false })
    .png({ compressionLevel: 9, palette: true, colours: 2 })
    .toBuffer();
}

/** Photographs that come inside scikit-image and matplotlib, where the project's Python environment is set up. */
export function packagedPhotographs(): string[] {
  const lib = join(root, '.venv', 'lib');
  const pythons = existsSync(lib) ? readdirSync(lib) : [];
  return pythons
    .flatMap(python => [
      join(lib, python, 'site-packages/skimage/data/astronaut.png'),
      join(lib, python, 'site-packages/matplotlib/mpl-data/sample_data/grace_hopper.jpg')
    ])
    .filter(existsSync);
}
