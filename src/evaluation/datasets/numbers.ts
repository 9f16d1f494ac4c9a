/** Pixels: no photograph reaches so far, and areas of such boxes are still exact. */
const FARTHEST = 1e6;

/**
 * Decimal numbers that are separated by white space.
 * @returns null unless all are finite and of a size that pixels and angles have
 */
export function readNumbers(line: string): number[] | null {
  const values = line.split(/\s+/).map(readNumber);
  return values.includes(NaN) ? null : values;
}

/** A decimal number of a size that pixels and angles have, or NaN. */
export function readNumber(text: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  return Math.abs(value) <= FARTHEST ? value : NaN;
}

/** Whether it is a number of a size that pixels have. */
export function isPixels(value: number): boolean {
  return Math.abs(value) <= FARTHEST;
}
