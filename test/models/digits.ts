import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { Random } from '../../src/numerics/random';

/** The classifier of the tests: see the card in its folder. */
export const DIGITS = join(__dirname, 'digits');

const SIDE = 64;
/** Of colour on a side of the paper. */
const PATCHES = 3;

export interface DigitPicture {
  /** 0…9. */
  label: number;
  width: number;
  height: number;
  /** RGB, row-major. */
  data: Uint8Array<ArrayBuffer>;
}

/** Drawings of digits that the classifier was not trained on, light on soft dark patches; 360 digits, then anew. */
export async function digitPictures(count = 360, seed = 1): Promise<DigitPicture[]> {
  const { columns, side, white, labels } = JSON.parse(readFileSync(join(DIGITS, 'digits.json'), 'utf8'));
  const { data, info } = await sharp(join(DIGITS, 'digits.png')).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  const random = new Random(seed);
  return Array.from({ length: count }, (_, n) => {
    const index = n % labels.length;
    const [top, left] = [side * Math.floor(index / columns), side * (index % columns)];
    const digit = (y: number, x: number): number =>
      y < 0 || y >= side || x < 0 || x >= side ? 0 : data[(top + y) * info.width + left + x] / white;
    return { label: Number(labels[index]), width: SIDE, height: SIDE, data: draw(digit, side, random) };
  });
}

/** As `pictures` of training/digits/train.py. */
function draw(digit: (y: number, x: number) => number, side: number, random: Random): Uint8Array<ArrayBuffer> {
  const size = random.uniform(44, SIDE);
  const [top, left] = [random.uniform(0, SIDE - size), random.uniform(0, SIDE - size)];
  const patches = Array.from({ length: PATCHES * PATCHES * 3 }, () => random.uniform(0, 140));
  const ink = Array.from({ length: 3 }, () => random.uniform(180, 255));
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const [v, u] = [(y + 0.5 - top) * (side / size) - 0.5, (x + 0.5 - left) * (side / size) - 0.5];
      const share = bilinear(digit, v, u);
      const [row, column] = [y, x].map(at => (at * (PATCHES - 1)) / (SIDE - 1));
      for (let c = 0; c < 3; c++) {
        const paper = bilinear(
          (i, j) => patches[(Math.min(i, PATCHES - 1) * PATCHES + Math.min(j, PATCHES - 1)) * 3 + c],
          row,
          column
        );
        pixels[(y * SIDE + x) * 3 + c] = Math.round(paper + (ink[c] - paper) * share);
      }
    }
  }
  return pixels;
}

function bilinear(value: (y: number, x: number) => number, v: number, u: number): number {
  const [y, x] = [Math.floor(v), Math.floor(u)];
  const [down, right] = [v - y, u - x];
  return (
    (1 - down) * ((1 - right) * value(y, x) + right * value(y, x + 1)) +
    down * ((1 - right) * value(y + 1, x) + right * value(y + 1, x + 1))
  );
}

/** The same as PNG files `0000-7.png`: the digit comes after the hyphen. Returns their paths. */
export async function writeDigits(folder: string, count: number, seed = 1): Promise<string[]> {
  const pictures = await digitPictures(count, seed);
  return Promise.all(
    pictures.map(async ({ label, width, height, data }, n) => {
      const path = join(folder, `${String(n).padStart(4, '0')}-${label}.png`);
      await writeFile(
        path,
        await sharp(data, { raw: { width, height, channels: 3 } })
          .png()
          .toBuffer()
      );
      return path;
    })
  );
}
