import { pictureOf } from './reconstruct';

it('lays the blocks of each cell out as a picture, clamped to what a pixel holds', () => {
  const [height, width, side] = [2, 3, 2];
  const targets = 3 * side ** 2;
  const estimate = new Float32Array(targets * height * width);
  const at = (row: number, column: number, channel: number, y: number, x: number) =>
    (((row * side + column) * 3 + channel) * height + y) * width + x;
  estimate[at(1, 0, 2, 0, 1)] = 0.4;
  estimate[at(0, 1, 0, 1, 2)] = 7;
  estimate[at(0, 0, 0, 0, 0)] = -1;
  const picture = pictureOf(estimate, height, width);
  expect(picture).toMatchObject({ width: 6, height: 4, order: 'rgb', kind: 'pixels' });
  const lit = Array.from(picture.data.entries()).filter(([, value]) => value > 0);
  expect(lit).toEqual([
    [(1 * 6 + 2) * 3 + 2, 102],
    [(2 * 6 + 5) * 3, 255]
  ]);
});

it('refuses numbers of values that are no square of RGB blocks', () => {
  expect(() => pictureOf(new Float32Array(7 * 4), 2, 2)).toThrow(RangeError);
});
