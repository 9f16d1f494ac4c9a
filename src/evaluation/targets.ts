import { type Pixels } from '../pipeline/raster';

/** A cell of the activation's field is painted as BLOCKS x BLOCKS pixels. */
export const BLOCKS = 4;
/** Values of the image in a cell. */
export const TARGETS = BLOCKS * BLOCKS * 3;

/** H x W cells. */
export interface Field {
  height: number;
  width: number;
}

/** Interleaved red, green, blue; row-major. */
export interface Picture extends Field {
  rgb: Float32Array;
}

/** A target's index: (row * 4 + column) * 3 + channel, row and column within the cell, channels red, green, blue. */
export function targetIndex(row: number, column: number, channel: number): number {
  return (row * BLOCKS + column) * 3 + channel;
}

/**
 * The picture as attackers are asked for it: the RGB means of each cell's 4 x 4 blocks.
 * @param pixels the frame at the network's input size, whose sides are multiples of 4 x the cells' numbers
 * @returns [48,H,W] in 0…1, by `targetIndex`
 * @throws RangeError for other sides
 */
export function cellTargets({ data, width, height, order }: Pixels, cells: Field): Float32Array {
  const [tall, wide] = [height / cells.height / BLOCKS, width / cells.width / BLOCKS];
  if (!Number.isInteger(tall) || !Number.isInteger(wide) || tall * wide === 0) {
    throw new RangeError(
      `A frame of ${width} x ${height} pixels does not fall into ${cells.width} x ${cells.height} cells of 4 x 4 blocks.`
    );
  }
  const sums = new Float64Array(TARGETS * cells.height * cells.width);
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor(y / tall) * BLOCKS * cells.width;
    for (let x = 0; x < width; x++) {
      const block = 3 * (row + Math.floor(x / wide));
      for (let channel = 0; channel < 3; channel++, at++) {
        sums[block + (order === 'bgr' ? 2 - channel : channel)] += data[at];
      }
    }
  }
  const rgb = Float32Array.from(sums, sum => sum / (255 * tall * wide));
  return disassemble({ width: BLOCKS * cells.width, height: BLOCKS * cells.height, rgb });
}

/**
 * The picture that a field of targets is.
 * @param field [48,H,W]
 * @returns 4W x 4H pixels
 */
export function assemble(field: Float32Array, cells: Field): Picture {
  checkField(field, cells);
  const picture = { width: BLOCKS * cells.width, height: BLOCKS * cells.height, rgb: new Float32Array(field.length) };
  eachTarget(cells, (inField, inPicture) => (picture.rgb[inPicture] = field[inField]));
  return picture;
}

/** The inverse of `assemble`. */
export function disassemble({ width, height, rgb }: Picture): Float32Array {
  const field = new Float32Array(rgb.length);
  eachTarget({ width: width / BLOCKS, height: height / BLOCKS }, (inField, inPicture) => (field[inField] = rgb[inPicture]));
  return field;
}

/** @throws RangeError unless the field is [48,H,W] */
export function checkField(field: Float32Array, { height, width }: Field): void {
  if (field.length !== TARGETS * height * width) {
    throw new RangeError(`A field of ${field.length} values is not ${TARGETS} x ${height} x ${width}.`);
  }
}

function eachTarget({ height, width }: Field, visit: (inField: number, inPicture: number) => void): void {
  for (let y = 0, inPicture = 0; y < BLOCKS * height; y++) {
    for (let x = 0; x < BLOCKS * width; x++) {
      const cell = Math.floor(y / BLOCKS) * width + Math.floor(x / BLOCKS);
      for (let channel = 0; channel < 3; channel++, inPicture++) {
        visit(targetIndex(y % BLOCKS, x % BLOCKS, channel) * height * width + cell, inPicture);
      }
    }
  }
}
