import { hartleyMatrix } from '../numerics/hartley';
import { type Region } from './kernels';

/*
 * How the kernels of assembly/field-*.ts want coefficients, factors and transforms laid out. Coefficients are
 * [coefficient][channel], channels padded to a multiple of 8.
 */

const CHANNEL_GROUP = 8;
/** Coefficients that are multiplied at once. */
const TILE = 4;

export function paddedChannels(channels: number): number {
  return CHANNEL_GROUP * Math.ceil(channels / CHANNEL_GROUP);
}

/** Float32 values of one packed factor: of each 8 rows the columns up to the diagonal's end. */
export function factorLength(channels: number): number {
  const groups = paddedChannels(channels) / CHANNEL_GROUP;
  return (CHANNEL_GROUP ** 2 * groups * (groups + 1)) / 2;
}

/**
 * Pack scale x L for `multiplyLower`: the last 8 rows first, of each 8 rows one column after the other.
 * @param factor lower triangular [channels, channels], row-major; what stands above the diagonal is not read
 * @param out `factorLength(channels)` values
 */
export function packFactor(factor: Float32Array, channels: number, scale: number, out: Float32Array): void {
  let at = 0;
  for (let top = paddedChannels(channels) - CHANNEL_GROUP; top >= 0; top -= CHANNEL_GROUP) {
    for (let column = 0; column < top + CHANNEL_GROUP; column++) {
      for (let row = top; row < top + CHANNEL_GROUP; row++) {
        out[at++] = row < channels && column <= row ? scale * factor[row * channels + column] : 0;
      }
    }
  }
}

/** Entries of the order of coefficients, padding included, at most. */
export function orderLength(coefficients: number, binCount: number): number {
  return coefficients + (TILE - 1) * binCount;
}

/** A bin's entries in the order: `count` of them from `first` on. */
export interface BinRange {
  first: number;
  count: number;
}

/**
 * Write the byte offsets of the coefficients bin by bin. Each bin ends on a whole tile: its last coefficient stands there
 * again, which `multiplyLower` computes once.
 */
export function orderCoefficients(bins: Uint8Array, binCount: number, channels: number, order: Int32Array): BinRange[] {
  const pitch = 4 * paddedChannels(channels);
  let at = 0;
  return Array.from({ length: binCount }, (_, bin) => {
    const first = at;
    bins.forEach((of, coefficient) => {
      if (of === bin) {
        order[at++] = coefficient * pitch;
      }
    });
    while ((at - first) % TILE !== 0) {
      order[at] = order[at - 1];
      at++;
    }
    return { first, count: at - first };
  });
}

/** Bytes in which the transform of one line of n values by 8 channels lies, in each order of the two. */
export function lineBytes(n: number): number {
  return 4 * CHANNEL_GROUP * TILE * Math.ceil(n / TILE);
}

/** Bytes of the table of a side of n values. */
export function hartleyTableBytes(n: number): number {
  return 4 * (isFast(n) ? n + 2 * angles(n).length : n * TILE * Math.ceil(n / TILE));
}

/**
 * The table of a Hartley transform of n values, not scaled. For the fast one the order that sorts by reversed bits, then
 * cosine and sine of each merging step's angles; for others the matrix, four rows at a time, column by column.
 */
export function writeHartleyTable(n: number, region: Region): void {
  if (isFast(n)) {
    const bits = Math.log2(n);
    region.int32().set(Array.from({ length: n }, (_, i) => reverseBits(i, bits)));
    region.float32().set(
      angles(n).flatMap(angle => [Math.cos(angle), Math.sin(angle)]),
      n
    );
    return;
  }
  const matrix = hartleyMatrix(n);
  const table = region.float32();
  for (let top = 0, at = 0; top < n; top += TILE) {
    for (let x = 0; x < n; x++) {
      for (let u = top; u < top + TILE; u++) {
        table[at++] = u < n ? Math.sqrt(n) * matrix[u * n + x] : 0;
      }
    }
  }
}

function isFast(n: number): boolean {
  return n >= 8 && (n & (n - 1)) === 0;
}

/** Of each step that merges halves of 8, 16, … values: pi k / half for k = 1 … half / 2 - 1. */
function angles(n: number): number[] {
  const all: number[] = [];
  for (let half = 8; half < n; half *= 2) {
    for (let k = 1; k < half / 2; k++) {
      all.push((Math.PI * k) / half);
    }
  }
  return all;
}

function reverseBits(value: number, bits: number): number {
  let reversed = 0;
  for (let bit = 0; bit < bits; bit++) {
    reversed = (reversed << 1) | ((value >> bit) & 1);
  }
  return reversed;
}
