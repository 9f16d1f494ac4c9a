import sharp from 'sharp';
import { VeilError } from '../protocol';

const COLUMNS = 17;
const ROWS = 16;
/** Bits of a difference hash. */
const BITS = (COLUMNS - 1) * ROWS;
/** Two photographs whose hashes differ in at most so many bits are taken to show the same thing. */
export const NEAR = 20;

/**
 * 256-bit difference hash (Krawetz, Kind of like that, 2013): the luminance, upright, scaled to 17 x 16; each bit says
 * whether a value is larger than the one to its left. It survives coding, scaling and changes of brightness and contrast.
 * @throws VeilError `bad_image`
 */
export async function differenceHash(path: string): Promise<Uint32Array> {
  const luminance = await sharp(path)
    .autoOrient()
    .flatten()
    .toColourspace('b-w')
    .resize(COLUMNS, ROWS, { fit: 'fill' })
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch(error => {
      const why = (error instanceof Error ? error.message : String(error)).split('\n')[0];
      throw new VeilError('bad_image', `${path} cannot be decoded (${why}). Nothing was run.`, 'Remove or re-export the file.');
    });
  const hash = new Uint32Array(BITS / 32);
  for (let bit = 0; bit < BITS; bit++) {
    const at = Math.floor(bit / (COLUMNS - 1)) * COLUMNS + (bit % (COLUMNS - 1));
    if (luminance[at + 1] > luminance[at]) {
      hash[bit >>> 5] |= 1 << (bit & 31);
    }
  }
  return hash;
}

/** In how many bits two hashes differ. */
export function hashDistance(a: Uint32Array, b: Uint32Array): number {
  let distance = 0;
  for (let i = 0; i < a.length; i++) {
    for (let rest = a[i] ^ b[i]; rest !== 0; rest &= rest - 1) {
      distance++;
    }
  }
  return distance;
}

/**
 * Groups of photographs that are linked by near-duplicates, directly or by others of the group.
 * @returns indices into `hashes`, each once; groups and their members ascending
 */
export function nearGroups(hashes: readonly Uint32Array[]): number[][] {
  const groups: number[][] = [];
  const left = new Set(hashes.keys());
  for (const first of hashes.keys()) {
    if (!left.delete(first)) {
      continue;
    }
    const group = [first];
    // Grows while it is walked: a member's neighbours are members.
    for (const member of group) {
      for (const other of left) {
        if (hashDistance(hashes[member], hashes[other]) <= NEAR) {
          left.delete(other);
          group.push(other);
        }
      }
    }
    groups.push(group.sort((a, b) => a - b));
  }
  return groups;
}
