/**
 * Bilinear resize in the fixed-point arithmetic of OpenCV's INTER_LINEAR for 8-bit images: weights of 11 bits,
 * rows kept at 15 bits, result rounded to a grey level. Fused with channel order, planar layout and mean.
 */

/**
 * Interpolate one interleaved row of 3-channel uint8 pixels along x into three planar int16 rows, scaled by 2^7.
 *
 * @param row interleaved source row; 8 bytes past its end must be readable
 * @param table per output column: int32 byte offset of the left pixel, int16 weight of it, int16 weight of its right neighbour
 * @param columns output columns, a multiple of 8
 * @param reverse nonzero to write the channels in opposite order
 * @param out three int16 rows of `columns` values, one after the other
 */
export function resampleRow(row: usize, table: usize, columns: i32, reverse: i32, out: usize): void {
  // Pair each channel of the left pixel with that of the right one, widened to int16; 255 writes zero.
  const pairs = reverse
    ? i8x16(2, -1, 5, -1, 1, -1, 4, -1, 0, -1, 3, -1, -1, -1, -1, -1)
    : i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  const plane = (<usize>columns) << 1;
  for (let end = out + plane; out < end; out += 16, table += 64) {
    const p01 = i16x8.narrow_i32x4_s(column(row, table, pairs), column(row, table + 8, pairs));
    const p23 = i16x8.narrow_i32x4_s(column(row, table + 16, pairs), column(row, table + 24, pairs));
    const p45 = i16x8.narrow_i32x4_s(column(row, table + 32, pairs), column(row, table + 40, pairs));
    const p67 = i16x8.narrow_i32x4_s(column(row, table + 48, pairs), column(row, table + 56, pairs));
    const first03 = i16x8.shuffle(p01, p23, 0, 4, 8, 12, 1, 5, 9, 13);
    const first47 = i16x8.shuffle(p45, p67, 0, 4, 8, 12, 1, 5, 9, 13);
    const third03 = i16x8.shuffle(p01, p23, 2, 6, 10, 14, 2, 6, 10, 14);
    const third47 = i16x8.shuffle(p45, p67, 2, 6, 10, 14, 2, 6, 10, 14);
    v128.store(out, i64x2.shuffle(first03, first47, 0, 2));
    v128.store(out + plane, i64x2.shuffle(first03, first47, 1, 3));
    v128.store(out + 2 * plane, i64x2.shuffle(third03, third47, 0, 2));
  }
}

/** One output pixel along x: int32 [c0, c1, c2, 0], scaled by 2^7. */
function column(row: usize, entry: usize, pairs: v128): v128 {
  const pixels = v128.load64_zero(row + load<u32>(entry));
  const sums = i32x4.dot_i16x8_s(i8x16.swizzle(pixels, pairs), v128.load_splat<i32>(entry, 4));
  return i32x4.shr_s(sums, 4);
}

/**
 * Interpolate between two rows of `resampleRow` along y, round to a grey level, subtract the mean, write float32 planes.
 *
 * @param upper, lower rows of `resampleRow`
 * @param upperWeight, lowerWeight 11-bit weights
 * @param out first value of this row in the first plane; the planes lie `planeBytes` apart
 * @param mean0, mean1, mean2 subtracted from the planes in this order
 */
export function blendRows(
  upper: usize,
  lower: usize,
  columns: i32,
  upperWeight: i32,
  lowerWeight: i32,
  out: usize,
  planeBytes: usize,
  mean0: f32,
  mean1: f32,
  mean2: f32
): void {
  const weightA = i16x8.splat(<i16>upperWeight);
  const weightB = i16x8.splat(<i16>lowerWeight);
  const row = (<usize>columns) << 1;
  blendPlane(upper, lower, row, weightA, weightB, out, mean0);
  blendPlane(upper + row, lower + row, row, weightA, weightB, out + planeBytes, mean1);
  blendPlane(upper + 2 * row, lower + 2 * row, row, weightA, weightB, out + 2 * planeBytes, mean2);
}

function blendPlane(upper: usize, lower: usize, bytes: usize, weightA: v128, weightB: v128, out: usize, mean: f32): void {
  const means = f32x4.splat(mean);
  const half = i16x8.splat(2);
  for (let end = upper + bytes; upper < end; upper += 16, lower += 16, out += 32) {
    const sum = i16x8.add(upperHalves(v128.load(upper), weightA), upperHalves(v128.load(lower), weightB));
    const grey = i16x8.shr_s(i16x8.add(sum, half), 2);
    v128.store(out, f32x4.sub(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(grey)), means));
    v128.store(out + 16, f32x4.sub(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(grey)), means));
  }
}

/** (a * b) >> 16 for eight int16 pairs. */
function upperHalves(a: v128, b: v128): v128 {
  return i16x8.shuffle(i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b), 1, 3, 5, 7, 9, 11, 13, 15);
}
