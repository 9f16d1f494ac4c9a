import type { Pixels } from './raster';

/** Levels of a colour. */
const WHITE = 255;

/**
 * Attackers paint each cell of the activation as a square of RGB blocks.
 * @param estimate [T,H,W] in 0…1; target (row * side + column) * 3 + channel of a cell, T = 3 side^2
 * @returns an RGB picture of side * W x side * H pixels
 * @throws RangeError when T is no such number
 */
export function pictureOf(estimate: Float32Array, height: number, width: number): Pixels {
  const cells = height * width;
  const targets = estimate.length / cells;
  const side = Math.sqrt(targets / 3);
  if (!Number.isInteger(side)) {
    throw new RangeError(`${targets} values a cell are no square of RGB blocks.`);
  }
  const wide = width * side;
  const data = new Uint8ClampedArray(wide * height * side * 3);
  for (let target = 0; target < targets; target++) {
    const [row, column, channel] = [Math.floor(target / (3 * side)), Math.floor(target / 3) % side, target % 3];
    for (let cell = 0; cell < cells; cell++) {
      const y = Math.floor(cell / width) * side + row;
      const x = (cell % width) * side + column;
      data[(y * wide + x) * 3 + channel] = WHITE * estimate[target * cells + cell];
    }
  }
  return { kind: 'pixels', data: new Uint8Array(data.buffer), width: wide, height: height * side, order: 'rgb' };
}
