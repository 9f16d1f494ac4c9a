/** The largest number that binary16 holds. */
export const LARGEST_FLOAT16 = 65504;

/** The bits of the nearest binary16 values (IEEE 754-2019), ties to even; beyond the largest they are infinite. */
export function toFloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, halve);
}

/** The values of binary16 bits, each exact in float32. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, half => {
    const [sign, exponent, fraction] = [half & 0x8000 ? -1 : 1, (half >>> 10) & 0x1f, half & 0x3ff];
    if (exponent === 0x1f) {
      return fraction ? NaN : sign * Infinity;
    }
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
}

/** From the bits of a float32. */
function halve(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const exponent = ((word >>> 23) & 0xff) - 112;
  const fraction = word & 0x7fffff;
  if (exponent === 143) {
    return sign | 0x7c00 | (fraction ? 0x200 : 0);
  }
  if (exponent >= 31) {
    return sign | 0x7c00;
  }
  if (exponent < -10) {
    return sign;
  }
  // Below the normal numbers the leading one moves into the fraction. Rounding up may carry into the exponent, as it should.
  return sign | (exponent > 0 ? rounded((exponent << 23) | fraction, 13) : rounded(fraction | 0x800000, 14 - exponent));
}

/** value / 2^bits, to the nearest whole number, ties to even. */
function rounded(value: number, bits: number): number {
  const whole = value >>> bits;
  const rest = value - whole * 2 ** bits;
  const half = 2 ** (bits - 1);
  return whole + (rest > half || (rest === half && whole % 2 === 1) ? 1 : 0);
}
