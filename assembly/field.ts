/**
 * Both ends of the noise of a stationary field: activations to whole steps of the grid, and steps with noise back to
 * floats. Between them: field-product.ts, field-hartley.ts.
 */

/** Below it whole numbers and their sums are exact in float32. */
const EXACT: f32 = 16777216;

/**
 * codes = round(clamp(activation) / step).
 *
 * @param activation float32 [C,H,W]
 * @param codes int32 [C,H,W], written
 * @param limits per channel two float32, what it is clamped to; all below 2^24 steps
 * @param channels C
 * @param plane H x W
 * @param inverse 1 / step, a power of two
 * @returns 0, or 1 when a value is not finite
 */
export function quantiseField(activation: usize, codes: usize, limits: usize, channels: i32, plane: i32, inverse: f32): i32 {
  const inverses = f32x4.splat(inverse);
  const infinite = f32x4.splat(Infinity);
  const bytes = (<usize>plane) << 2;
  const whole = bytes & ~15;
  let good = i32x4.splat(-1);
  for (let c = 0; c < channels; c++, limits += 8) {
    const low = v128.load_splat<f32>(limits);
    const high = v128.load_splat<f32>(limits, 4);
    const last = activation + bytes;
    for (let end = activation + whole; activation < end; activation += 16, codes += 16) {
      const value = v128.load(activation);
      good = v128.and(good, f32x4.lt(f32x4.abs(value), infinite));
      v128.store(codes, quantise(value, low, high, inverses));
    }
    for (; activation < last; activation += 4, codes += 4) {
      const value = v128.load_splat<f32>(activation);
      good = v128.and(good, f32x4.lt(f32x4.abs(value), infinite));
      v128.store_lane<i32>(codes, quantise(value, low, high, inverses), 0);
    }
  }
  return i32x4.all_true(good) ? 0 : 1;
}

function quantise(value: v128, low: v128, high: v128, inverse: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(f32x4.pmin(f32x4.pmax(value, low), high), inverse)));
}

/**
 * out = (codes + round(noise)) * step, for one row of one channel.
 *
 * @param noise float32, in steps
 * @param codes int32
 * @param out float32, written
 * @param count values of the row
 * @param step a power of two
 * @returns 0, or 1 when a sum is not exact: 2^24 steps or more, or not a number
 */
export function addSteps(noise: usize, codes: usize, out: usize, count: i32, step: f32): i32 {
  const steps = f32x4.splat(step);
  const exact = f32x4.splat(EXACT);
  const last = noise + ((<usize>count) << 2);
  let good = i32x4.splat(-1);
  for (let end = noise + ((<usize>(count & ~3)) << 2); noise < end; noise += 16, codes += 16, out += 16) {
    const sum = f32x4.add(f32x4.nearest(v128.load(noise)), f32x4.convert_i32x4_s(v128.load(codes)));
    good = v128.and(good, f32x4.lt(f32x4.abs(sum), exact));
    v128.store(out, f32x4.mul(sum, steps));
  }
  let broken = i32x4.all_true(good) ? 0 : 1;
  for (; noise < last; noise += 4, codes += 4, out += 4) {
    const sum = nearest<f32>(load<f32>(noise)) + <f32>load<i32>(codes);
    broken |= abs<f32>(sum) < EXACT ? 0 : 1;
    store<f32>(out, sum * step);
  }
  return broken;
}
