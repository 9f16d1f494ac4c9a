/**
 * Bilinear resize in the fixed-point arithmetic of OpenCV's INTER_LINEAR for 8-bit images: weights of 11 bits,
 * rows kept at 15 bits, result rounded to a grey level. Fused with channel order, planar layout and mean.
 *
 * int32 lanes whose upper halves are zero are multiplied by `i32x4.dot_i16x8_s`: one instruction, where int16 products
 * of 32 bits take three.
 */

/**
 * Interpolate one interleaved row of 3-channel uint8 pixels along x into three planar int32 rows, scaled by 2^7.
 *
 * @param row interleaved source row; 8 bytes past its end must be readable
 * @param table per output column: int32 byte offset of the left pixel, int16 weight of it, int16 weight of its right neighbour
 * @param columns output columns, a multiple of 4
 * @param reverse nonzero to write the channels in opposite order
 * @param out three int32 rows of `columns` values, one after the other
 */
export function resampleRow(row: usize, table: usize, columns: i32, reverse: i32, out: usize): void {
  const plane = (<usize>columns) << 2;
  let first = out;
  let second = out + plane;
  let third = second + plane;
  if (reverse) {
    first = third;
    third = out;
  }
  for (let end = second + plane; second < end; first += 16, second += 16, third += 16, table += 32) {
    const a = column(row, table);
    const b = column(row, table + 8);
    const c = column(row, table + 16);
    const d = column(row, table + 24);
    // Transpose four pixels of c0, c1, c2.
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
    v128.store(first, i64x2.shuffle(ab, cd, 0, 2));
    v128.store(second, i64x2.shuffle(ab, cd, 1, 3));
    v128.store(third, i64x2.shuffle(i32x4.shuffle(a, b, 2, 6, 3, 7), i32x4.shuffle(c, d, 2, 6, 3, 7), 0, 2));
  }
}

/** One output pixel along x: int32 [c0, c1, c2, 0], scaled by 2^7. */
function column(row: usize, entry: usize): v128 {
  // Pair each channel of the left pixel with that of the right one, widened to int16; -1 writes zero.
  const pairs = i8x16.swizzle(
    v128.load64_zero(row + load<u32>(entry)),
    i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
  );
  return i32x4.shr_s(i32x4.dot_i16x8_s(pairs, v128.load_splat<i32>(entry, 4)), 4);
}

/**
 * Interpolate between two rows of `resampleRow` along y, round to a grey level, subtract the mean, write float32 planes.
 *
 * @param upper, lower rows of `resampleRow`
 * @param columns of a row, a multiple of 16
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
  const weightA = i32x4.splat(upperWeight);
  const weightB = i32x4.splat(lowerWeight);
  const row = (<usize>columns) << 2;
  blendPlane(upper, lower, row, weightA, weightB, out, mean0);
  blendPlane(upper + row, lower + row, row, weightA, weightB, out + planeBytes, mean1);
  blendPlane(upper + 2 * row, lower + 2 * row, row, weightA, weightB, out + 2 * planeBytes, mean2);
}

function blendPlane(upper: usize, lower: usize, bytes: usize, weightA: v128, weightB: v128, out: usize, mean: f32): void {
  const means = f32x4.splat(mean);
  for (let end = upper + bytes; upper < end; upper += 64, lower += 64, out += 64) {
    v128.store(out, blend(v128.load(upper), v128.load(lower), weightA, weightB, means));
    v128.store(out, blend(v128.load(upper, 16), v128.load(lower, 16), weightA, weightB, means), 16);
    v128.store(out, blend(v128.load(upper, 32), v128.load(lower, 32), weightA, weightB, means), 32);
    v128.store(out, blend(v128.load(upper, 48), v128.load(lower, 48), weightA, weightB, means), 48);
  }
}

function blend(upper: v128, lower: v128, weightA: v128, weightB: v128, means: v128): v128 {
  const above = i32x4.shr_s(i32x4.dot_i16x8_s(upper, weightA), 16);
  const below = i32x4.shr_s(i32x4.dot_i16x8_s(lower, weightB), 16);
  const grey = i32x4.shr_s(i32x4.add(i32x4.add(above, below), i32x4.splat(2)), 2);
  return f32x4.sub(f32x4.convert_i32x4_s(grey), means);
}
