/** Standard normal values: Box-Muller over 32-bit uniforms, so that the tails reach 6.66 deviations. */

/**
 * Turn random words into standard normal float32 values, in place.
 * Every 32 bytes hold four words for radii and four for angles and become eight values.
 * Logarithm, sine and cosine are the single-precision polynomials of the Cephes library (relative error below 2e-7).
 *
 * @param words uniform random bytes
 * @param bytes their number, a multiple of 32
 */
export function gaussian(words: usize, bytes: usize): void {
  for (let end = words + bytes; words < end; words += 32) {
    const radius = f32x4.sqrt(f32x4.pmax(f32x4.splat(0), f32x4.mul(f32x4.splat(-2), logarithm(uniform(v128.load(words))))));
    const angle = v128.load(words, 16);
    // Nearest quarter turn, and what is left of the angle: -pi/4 .. pi/4.
    const quarter = i32x4.shr_u(i32x4.add(angle, i32x4.splat(0x20000000)), 30);
    const rest = f32x4.mul(
      f32x4.convert_i32x4_s(i32x4.sub(angle, i32x4.shl(quarter, 30))),
      f32x4.splat(<f32>(6.283185307179586 / 4294967296.0))
    );
    const square = f32x4.mul(rest, rest);
    const sine = sinePolynomial(rest, square);
    const cosine = cosinePolynomial(square);
    const odd = i32x4.eq(v128.and(quarter, i32x4.splat(1)), i32x4.splat(1));
    // cos is negative in quarters 1 and 2, sin in 2 and 3: bit 1 moved to the sign bit.
    const cosineSign = v128.and(i32x4.shl(i32x4.add(quarter, i32x4.splat(1)), 30), i32x4.splat(0x80000000));
    const sineSign = v128.and(i32x4.shl(quarter, 30), i32x4.splat(0x80000000));
    v128.store(words, f32x4.mul(radius, v128.xor(v128.bitselect(sine, cosine, odd), cosineSign)));
    v128.store(words, f32x4.mul(radius, v128.xor(v128.bitselect(cosine, sine, odd), sineSign)), 16);
  }
}

/** Words to (0, 1]: an even word counts as the odd one above it, so that zero cannot occur. */
function uniform(words: v128): v128 {
  return f32x4.add(
    f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 1)), f32x4.splat(<f32>(1.0 / 2147483648.0))),
    f32x4.splat(<f32>(1.0 / 4294967296.0))
  );
}

/** Natural logarithm of normal positive floats. */
function logarithm(x: v128): v128 {
  // x = 2^e * m with m in [sqrt(1/2), sqrt(2)): subtract the bits of sqrt(1/2) before cutting off the exponent.
  const shifted = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  const mantissa = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(mantissa, f32x4.splat(1));
  const square = f32x4.mul(f, f);
  let y = f32x4.splat(7.0376836292e-2);
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(-1.151461031e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(1.167699874e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(-1.2420140846e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(1.4249322787e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(-1.6668057665e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(2.0000714765e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(-2.4999993993e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(3.3333331174e-1));
  y = f32x4.mul(f32x4.mul(y, f), square);
  y = f32x4.add(y, f32x4.mul(exponent, f32x4.splat(-2.1219444e-4)));
  y = f32x4.sub(y, f32x4.mul(f32x4.splat(0.5), square));
  return f32x4.add(f32x4.add(f, y), f32x4.mul(exponent, f32x4.splat(0.693359375)));
}

function sinePolynomial(x: v128, square: v128): v128 {
  let y = f32x4.splat(-1.9515295891e-4);
  y = f32x4.add(f32x4.mul(y, square), f32x4.splat(8.3321608736e-3));
  y = f32x4.add(f32x4.mul(y, square), f32x4.splat(-1.6666654611e-1));
  return f32x4.add(f32x4.mul(f32x4.mul(y, square), x), x);
}

function cosinePolynomial(square: v128): v128 {
  let y = f32x4.splat(2.443315711809948e-5);
  y = f32x4.add(f32x4.mul(y, square), f32x4.splat(-1.388731625493765e-3));
  y = f32x4.add(f32x4.mul(y, square), f32x4.splat(4.166664568298827e-2));
  y = f32x4.mul(f32x4.mul(y, square), square);
  return f32x4.add(f32x4.sub(y, f32x4.mul(f32x4.splat(0.5), square)), f32x4.splat(1));
}
