import { createHash } from 'node:crypto';
import { VeilError } from '../protocol';
import { differenceHash, nearGroups } from './near-duplicates';
import { contentHash } from './photographs';

const PARTS = ['fit', 'select', 'held_out'] as const;
type Part = (typeof PARTS)[number];

/** How many photographs a part is to hold. */
export type PartSizes = Record<Part, number>;

export type PhotographParts = Record<Part, string[]> & {
  /** How many photographs are in no part: not needed, copies, or near-duplicates that a part had no room for. */
  left_out: number;
};

/** Photographs are read a few at a time. */
const AT_ONCE = 8;

/**
 * Deal photographs out to parts that share no source: near-duplicates (`NEAR` bits of the difference hash), and whatever
 * they link, are one source. The photographs' contents and the seed decide, not their names, places or order.
 *
 * Photographs come in the order of SHA-256 of seed and content; a little more than needed are compared. Each source goes
 * to the part that is least full, as a share of its size, of those with room for all of it; where none has, to the one
 * with the most room, which takes as many as it holds. So parts are never larger than asked for, and when photographs are
 * few they are smaller in proportion.
 * @throws VeilError `bad_image`; `bad_request` when there are too few sources to put one in each part
 */
export async function splitPhotographs(paths: readonly string[], sizes: PartSizes, seed: number): Promise<PhotographParts> {
  const ordered = await inOrder(paths, seed);
  const needed = PARTS.reduce((sum, part) => sum + sizes[part], 0);
  const hashes: Uint32Array[] = [];
  for (let compared = Math.ceil(1.25 * needed) + 16; ; compared *= 2) {
    hashes.push(...(await mapFew(ordered.slice(hashes.length, compared), differenceHash)));
    const sources = nearGroups(hashes);
    const parts = deal(sources, sizes);
    const full = PARTS.every(part => parts[part].length === sizes[part]);
    if (full || hashes.length === ordered.length) {
      if (PARTS.some(part => parts[part].length === 0 && sizes[part] > 0)) {
        throw tooFew(paths.length, sources.length);
      }
      const [fit, select, held_out] = PARTS.map(part => parts[part].sort((a, b) => a - b).map(i => ordered[i]));
      return { fit, select, held_out, left_out: paths.length - fit.length - select.length - held_out.length };
    }
  }
}

/** One path of each content, in an order that contents and seed decide. */
async function inOrder(paths: readonly string[], seed: number): Promise<string[]> {
  const contents = await mapFew(paths, contentHash);
  const byKey = new Map<string, string>();
  contents.forEach((content, i) => {
    const key = createHash('sha256').update(`${seed} ${content}`).digest('hex');
    const other = byKey.get(key);
    byKey.set(key, other !== undefined && other < paths[i] ? other : paths[i]);
  });
  return [...byKey.keys()].sort().map(key => byKey.get(key)!);
}

function deal(sources: readonly number[][], sizes: PartSizes): Record<Part, number[]> {
  const parts: Record<Part, number[]> = { fit: [], select: [], held_out: [] };
  const room = (part: Part) => sizes[part] - parts[part].length;
  const filled = (part: Part) => parts[part].length / sizes[part];
  for (const source of sources) {
    const open = PARTS.filter(part => room(part) > 0);
    const roomy = open.filter(part => room(part) >= source.length).sort((a, b) => filled(a) - filled(b));
    const [part] = roomy.length > 0 ? roomy : open.sort((a, b) => room(b) - room(a));
    if (!part) {
      break;
    }
    parts[part].push(...source.slice(0, room(part)));
  }
  return parts;
}

async function mapFew<T, R>(items: readonly T[], one: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(one))));
  }
  return results;
}

function tooFew(photographs: number, sources: number): VeilError {
  return new VeilError(
    'bad_request',
    `${photographs} photographs (${sources} when near-duplicates count once) are too few to fit, select and hold out. Nothing was run.`,
    'Add photographs of other scenes.'
  );
}
