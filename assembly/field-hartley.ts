/**
 * Hartley transforms sum over x of h(x) cas(2 pi u x / n), not scaled, of 8 channels at a time: one channel per lane of
 * two vectors. Sides that are powers of two from 8 on take the fast transform (Bracewell 1984, decimation in time),
 * others a matrix product.
 */
import { addSteps } from './field';

/** Bytes of 8 channels. */
const GROUP: usize = 32;
const ROOT_HALF: f32 = 0.7071067811865476;

/**
 * Transform along the height, in place.
 *
 * @param values float32 [height][width][channels], channels a multiple of 8
 * @param table of the height: `hartleyTable` in src/pipeline/hartley-table.ts
 * @param scratch room for the height, rounded up to 4, times 32 bytes
 */
export function hartleyColumns(values: usize, height: i32, width: i32, channels: i32, table: usize, scratch: usize): void {
  const stride = (<usize>(width * channels)) << 2;
  for (let end = values + stride; values < end; values += GROUP) {
    transform(values, stride, height, table, scratch);
    let to = values;
    for (let from = scratch; from < scratch + <usize>height * GROUP; from += GROUP, to += stride) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  }
}

/**
 * Transform along the width and write out = (codes + round(result)) * step in the order of the codes.
 *
 * @param values float32 [height][width][pitch], in steps
 * @param pitch channels in `values`, a multiple of 8
 * @param table of the width
 * @param scratch twice room for the width, rounded up to 4, times 32 bytes
 * @param codes int32 [channels][height][width]
 * @param out float32 [channels][height][width], written
 * @returns 0, or 1 when a sum is not exact: 2^24 steps or more, or not a number
 */
export function hartleyRowsOntoCodes(
  values: usize,
  height: i32,
  width: i32,
  pitch: i32,
  table: usize,
  scratch: usize,
  codes: usize,
  out: usize,
  channels: i32,
  step: f32
): i32 {
  const stride = (<usize>pitch) << 2;
  const row = (<usize>width) << 2;
  const plane = <usize>height * row;
  const rounded = <usize>((width + 3) & ~3);
  const planar = scratch + rounded * GROUP;
  let broken = 0;
  for (let y = 0; y < height; y++) {
    let at = <usize>y * row;
    for (let first = 0; first < channels; first += 8) {
      transform(values + ((<usize>first) << 2), stride, width, table, scratch);
      turn(scratch, planar, rounded);
      const live = min(8, channels - first);
      for (let c = 0; c < live; c++, at += plane) {
        broken |= addSteps(planar + ((<usize>c * rounded) << 2), codes + at, out + at, width, step);
      }
    }
    values += <usize>width * stride;
  }
  return broken;
}

/** [count][8] to [8][count], count a multiple of 4. */
function turn(from: usize, to: usize, count: usize): void {
  const row = count << 2;
  for (let end = from + count * GROUP; from < end; from += 4 * GROUP, to += 16) {
    turnFour(from, to, row);
    turnFour(from + 16, to + 4 * row, row);
  }
}

function turnFour(from: usize, to: usize, row: usize): void {
  const a = v128.load(from);
  const b = v128.load(from, 32);
  const c = v128.load(from, 64);
  const d = v128.load(from, 96);
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const abHigh = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cdHigh = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
  v128.store(to + row, i64x2.shuffle(ab, cd, 1, 3));
  v128.store(to + 2 * row, i64x2.shuffle(abHigh, cdHigh, 0, 2));
  v128.store(to + 3 * row, i64x2.shuffle(abHigh, cdHigh, 1, 3));
}

/** One transform of n values `stride` bytes apart, into `scratch` [n][8]. */
function transform(from: usize, stride: usize, n: i32, table: usize, scratch: usize): void {
  if (n < 8 || (n & (n - 1)) !== 0) {
    product(from, stride, n, table, scratch);
    return;
  }
  const end = scratch + <usize>n * GROUP;
  for (let to = scratch; to < end; to += 8 * GROUP, table += 32) {
    eight(from, stride, table, to);
    eight(from + 16, stride, table, to + 16);
  }
  for (let half: usize = 8; half < <usize>n; half <<= 1) {
    for (let block = scratch; block < end; block += 2 * half * GROUP) {
      merge(block, half * GROUP, table);
    }
    // A quarter's angles less the first, which needs none.
    table += ((half >> 1) - 1) << 3;
  }
}

/** Transforms of 8 values, which stand in the table's order. */
function eight(from: usize, stride: usize, order: usize, to: usize): void {
  let a = v128.load(from + load<usize>(order) * stride);
  let b = v128.load(from + load<usize>(order, 4) * stride);
  let c = v128.load(from + load<usize>(order, 8) * stride);
  let d = v128.load(from + load<usize>(order, 12) * stride);
  let s = f32x4.add(a, b);
  let t = f32x4.add(c, d);
  b = f32x4.sub(a, b);
  d = f32x4.sub(c, d);
  a = f32x4.add(s, t);
  c = f32x4.sub(s, t);
  s = f32x4.add(b, d);
  d = f32x4.sub(b, d);
  b = s;
  let e = v128.load(from + load<usize>(order, 16) * stride);
  let f = v128.load(from + load<usize>(order, 20) * stride);
  let g = v128.load(from + load<usize>(order, 24) * stride);
  let h = v128.load(from + load<usize>(order, 28) * stride);
  s = f32x4.add(e, f);
  t = f32x4.add(g, h);
  f = f32x4.sub(e, f);
  h = f32x4.sub(g, h);
  e = f32x4.add(s, t);
  g = f32x4.sub(s, t);
  s = f32x4.add(f, h);
  h = f32x4.sub(f, h);
  f = f32x4.mul(f32x4.add(s, h), f32x4.splat(ROOT_HALF));
  h = f32x4.mul(f32x4.sub(s, h), f32x4.splat(ROOT_HALF));
  v128.store(to, f32x4.add(a, e));
  v128.store(to, f32x4.add(b, f), 32);
  v128.store(to, f32x4.add(c, g), 64);
  v128.store(to, f32x4.add(d, h), 96);
  v128.store(to, f32x4.sub(a, e), 128);
  v128.store(to, f32x4.sub(b, f), 160);
  v128.store(to, f32x4.sub(c, g), 192);
  v128.store(to, f32x4.sub(d, h), 224);
}

/**
 * The transform of the even values (the block's first half) and that of the odd ones (its second) become that of all:
 * H(k) = E(k) + cos O(k) + sin O(half - k).
 *
 * @param half bytes of a half
 * @param angles cosine and sine of pi k / half for k = 1 … quarter - 1
 */
function merge(block: usize, half: usize, angles: usize): void {
  const quarter = half >> 1;
  butterfly(block, block + half, v128.load(block + half), v128.load(block + half, 16));
  let odd = block + half + quarter;
  butterfly(block + quarter, odd, v128.load(odd), v128.load(odd, 16));
  for (let k = GROUP; k < quarter; k += GROUP, angles += 8) {
    const cos = v128.load_splat<f32>(angles);
    const sin = v128.load_splat<f32>(angles, 4);
    odd = block + half;
    const p0 = v128.load(odd + k);
    const p1 = v128.load(odd + k, 16);
    const q0 = v128.load(odd + half - k);
    const q1 = v128.load(odd + half - k, 16);
    butterfly(
      block + k,
      odd + k,
      f32x4.add(f32x4.mul(cos, p0), f32x4.mul(sin, q0)),
      f32x4.add(f32x4.mul(cos, p1), f32x4.mul(sin, q1))
    );
    butterfly(
      block + half - k,
      odd + half - k,
      f32x4.sub(f32x4.mul(sin, p0), f32x4.mul(cos, q0)),
      f32x4.sub(f32x4.mul(sin, p1), f32x4.mul(cos, q1))
    );
  }
}

function butterfly(even: usize, odd: usize, t0: v128, t1: v128): void {
  const e0 = v128.load(even);
  const e1 = v128.load(even, 16);
  v128.store(even, f32x4.add(e0, t0));
  v128.store(even, f32x4.add(e1, t1), 16);
  v128.store(odd, f32x4.sub(e0, t0));
  v128.store(odd, f32x4.sub(e1, t1), 16);
}

/** The transform as a product, four results at a time; the table holds the matrix in columns of four. */
function product(from: usize, stride: usize, n: i32, table: usize, scratch: usize): void {
  const last = from + <usize>n * stride;
  for (let end = scratch + <usize>((n + 3) & ~3) * GROUP; scratch < end; scratch += 4 * GROUP) {
    let a0 = f32x4.splat(0);
    let a1 = f32x4.splat(0);
    let b0 = f32x4.splat(0);
    let b1 = f32x4.splat(0);
    let c0 = f32x4.splat(0);
    let c1 = f32x4.splat(0);
    let d0 = f32x4.splat(0);
    let d1 = f32x4.splat(0);
    for (let at = from; at < last; at += stride, table += 16) {
      const x0 = v128.load(at);
      const x1 = v128.load(at, 16);
      const a = v128.load_splat<f32>(table);
      a0 = f32x4.add(a0, f32x4.mul(a, x0));
      a1 = f32x4.add(a1, f32x4.mul(a, x1));
      const b = v128.load_splat<f32>(table, 4);
      b0 = f32x4.add(b0, f32x4.mul(b, x0));
      b1 = f32x4.add(b1, f32x4.mul(b, x1));
      const c = v128.load_splat<f32>(table, 8);
      c0 = f32x4.add(c0, f32x4.mul(c, x0));
      c1 = f32x4.add(c1, f32x4.mul(c, x1));
      const d = v128.load_splat<f32>(table, 12);
      d0 = f32x4.add(d0, f32x4.mul(d, x0));
      d1 = f32x4.add(d1, f32x4.mul(d, x1));
    }
    v128.store(scratch, a0);
    v128.store(scratch, a1, 16);
    v128.store(scratch, b0, 32);
    v128.store(scratch, b1, 48);
    v128.store(scratch, c0, 64);
    v128.store(scratch, c1, 80);
    v128.store(scratch, d0, 96);
    v128.store(scratch, d1, 112);
  }
}
