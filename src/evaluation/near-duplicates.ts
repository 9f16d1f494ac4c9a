import sharp from 'sharp';
import { differenceBits, HASH_GRID, hashDistance, NEAR } from '../numerics/difference-hash';
import { VeilError } from '../protocol';

export { hashDistance, NEAR };

/**
 * The difference hash of a photograph's luminance, upright, scaled to the hash's grid: `differenceBits`.
 * @throws VeilError `bad_image`
 */
export async function differenceHash(path: string): Promise<Uint32Array> {
  const luminance = await sharp(path)
    .autoOrient()
    .flatten()
    .toColourspace('b-w')
    .resize(HASH_GRID.columns, HASH_GRID.rows, { fit: 'fill' })
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch(error => {
      const why = (error instanceof Error ? error.message : String(error)).split('\n')[0];
      throw new VeilError('bad_image', `${path} cannot be decoded (${why}). Nothing was run.`, 'Remove or re-export the file.');
    });
  return differenceBits(luminance);
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
