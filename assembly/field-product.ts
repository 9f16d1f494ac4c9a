/** Channels of one step of the product: two vectors, so that four coefficients' sums stay in registers. */
const STEP = 8;

/**
 * Multiply coefficients by a lower triangular matrix, in place: values[order[i]] <- L values[order[i]].
 *
 * Channels are written from the last block of 8 down to the first, so what is still to be read is never overwritten.
 *
 * @param values float32 [coefficient][channel]
 * @param order byte offsets of coefficients in `values`; one that stands several times in a group of 4 is computed once
 * @param count of `order`, a multiple of 4
 * @param factor L in blocks of 8 rows, the last block first; of each block its columns up to the diagonal's end, 8 values each
 * @param channels a multiple of 8
 */
export function multiplyLower(values: usize, order: usize, count: i32, factor: usize, channels: i32): void {
  for (let end = order + ((<usize>count) << 2); order < end; order += 16) {
    const a = values + load<usize>(order);
    const b = values + load<usize>(order, 4);
    const c = values + load<usize>(order, 8);
    const d = values + load<usize>(order, 12);
    let column = factor;
    for (let top = (<usize>(channels - STEP)) << 2; <isize>top >= 0; top -= STEP << 2) {
      let a0 = f32x4.splat(0);
      let a1 = f32x4.splat(0);
      let b0 = f32x4.splat(0);
      let b1 = f32x4.splat(0);
      let c0 = f32x4.splat(0);
      let c1 = f32x4.splat(0);
      let d0 = f32x4.splat(0);
      let d1 = f32x4.splat(0);
      for (let k: usize = 0; k < top + (STEP << 2); k += 4, column += STEP << 2) {
        const l0 = v128.load(column);
        const l1 = v128.load(column, 16);
        const ak = v128.load_splat<f32>(a + k);
        a0 = f32x4.add(a0, f32x4.mul(ak, l0));
        a1 = f32x4.add(a1, f32x4.mul(ak, l1));
        const bk = v128.load_splat<f32>(b + k);
        b0 = f32x4.add(b0, f32x4.mul(bk, l0));
        b1 = f32x4.add(b1, f32x4.mul(bk, l1));
        const ck = v128.load_splat<f32>(c + k);
        c0 = f32x4.add(c0, f32x4.mul(ck, l0));
        c1 = f32x4.add(c1, f32x4.mul(ck, l1));
        const dk = v128.load_splat<f32>(d + k);
        d0 = f32x4.add(d0, f32x4.mul(dk, l0));
        d1 = f32x4.add(d1, f32x4.mul(dk, l1));
      }
      v128.store(a + top, a0);
      v128.store(a + top, a1, 16);
      v128.store(b + top, b0);
      v128.store(b + top, b1, 16);
      v128.store(c + top, c0);
      v128.store(c + top, c1, 16);
      v128.store(d + top, d0);
      v128.store(d + top, d1, 16);
    }
  }
}
