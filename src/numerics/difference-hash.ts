/** Luminance values that a difference hash is made of, in rows. */
export const HASH_GRID = { columns: 17, rows: 16 } as const;

/** Bits of a difference hash. */
const BITS = (HASH_GRID.columns - 1) * HASH_GRID.rows;

/** Two pictures whose hashes differ in at most so many bits are taken to show the same thing. */
export const NEAR = 20;

/**
 * 256-bit difference hash (Krawetz, Kind of like that, 2013): each bit says whether a value is larger than the one to its
 * left. It survives coding, scaling and changes of brightness and contrast.
 * @param luminance [16,17] means over the cells of a picture, row-major, in any unit
 */
export function differenceBits(luminance: ArrayLike<number>): Uint32Array {
  const hash = new Uint32Array(BITS / 32);
  for (let bit = 0; bit < BITS; bit++) {
    const at = Math.floor(bit / (HASH_GRID.columns - 1)) * HASH_GRID.columns + (bit % (HASH_GRID.columns - 1));
    if (luminance[at + 1] > luminance[at]) {
      hash[bit >>> 5] |= 1 << (bit & 31);
    }
  }
  return hash;
}

/** In how many bits two hashes differ. */
export function hashDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let distance = 0;
  for (let i = 0; i < a.length; i++) {
    // Sums of bits in pairs, fours and bytes at once (Warren, Hacker's Delight, 2012, 5-1).
    let bits = a[i] ^ b[i];
    bits -= (bits >>> 1) & 0x55555555;
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    distance += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return distance;
}
