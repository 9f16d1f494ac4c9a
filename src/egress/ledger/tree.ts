import { createHash } from 'node:crypto';

/** Tree hash of nothing: SHA-256 of no bytes. */
export const EMPTY_ROOT = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const digest = (prefix: number, ...parts: string[]): string => {
  const hash = createHash('sha256').update(Uint8Array.of(prefix));
  parts.forEach(part => hash.update(part, 'hex'));
  return hash.digest('hex');
};
const leafOf = (hash: string): string => digest(0, hash);
const nodeOf = (left: string, right: string): string => digest(1, left, right);

/** Size of the left part of a tree of `size` > 1 leaves: the largest power of two below it. */
const split = (size: number): number => 2 ** (31 - Math.clz32(size - 1));

/**
 * The Merkle tree of RFC 6962, section 2.1, over entries' hashes (its leaves: SHA-256(0 ‖ hash)). It need not know all
 * leaves: begun from the complete subtrees over the first `size` ones, it proves what was added since.
 */
export class HashTree {
  /** Complete subtrees, by level: at [k] the hash of leaves [k·2^level, (k+1)·2^level). */
  private readonly levels: Map<number, string>[] = [];
  size = 0;

  /** @param frontier complete subtrees over the first `size` leaves, largest first: as many as `size` has bits set */
  constructor(size = 0, frontier: readonly string[] = []) {
    let at = 0;
    let taken = 0;
    for (let level = 31; level >= 0; level--) {
      if (size & (2 ** level)) {
        this.level(level).set(at / 2 ** level, frontier[taken++]);
        at += 2 ** level;
      }
    }
    this.size = size;
  }

  /** Add the next entry's hash. */
  add(hash: string): void {
    let node = leafOf(hash);
    let index = this.size++;
    for (let level = 0; ; level++, index >>= 1) {
      this.level(level).set(index, node);
      if (index % 2 === 0) {
        return;
      }
      node = nodeOf(this.level(level).get(index - 1)!, node);
    }
  }

  root(size = this.size): string {
    return size === 0 ? EMPTY_ROOT : this.over(0, size);
  }

  /** Complete subtrees over all leaves, largest first. */
  frontier(): string[] {
    const found: string[] = [];
    let at = 0;
    for (let level = this.levels.length - 1; level >= 0; level--) {
      if (this.size & (2 ** level)) {
        found.push(this.level(level).get(at / 2 ** level)!);
        at += 2 ** level;
      }
    }
    return found;
  }

  /** Audit path of leaf `index` in the tree over the first `size` leaves, deepest first (RFC 6962, 2.1.1). */
  path(index: number, size = this.size): string[] {
    const path: string[] = [];
    for (let [from, count] = [0, size]; count > 1;) {
      const left = split(count);
      if (index - from < left) {
        path.unshift(this.over(from + left, count - left));
        count = left;
      } else {
        path.unshift(this.over(from, left));
        [from, count] = [from + left, count - left];
      }
    }
    return path;
  }

  /** Hash over `count` leaves from `from` on, as RFC 6962 cuts them. */
  private over(from: number, count: number): string {
    const known = Number.isInteger(Math.log2(count)) ? this.levels[Math.log2(count)]?.get(from / count) : undefined;
    if (known !== undefined) {
      return known;
    }
    if (count === 1) {
      throw new RangeError(`Leaf ${from} is not in this tree.`);
    }
    const left = split(count);
    return nodeOf(this.over(from, left), this.over(from + left, count - left));
  }

  private level(level: number): Map<number, string> {
    return (this.levels[level] ??= new Map());
  }
}

/** The root that a path leads to from a leaf's entry hash; null when the path does not fit the tree (RFC 9162, 2.1.3.2). */
export function rootFrom(hash: string, index: number, size: number, path: readonly string[]): string | null {
  if (index >= size) {
    return null;
  }
  let node = leafOf(hash);
  let [at, last] = [index, size - 1];
  for (const other of path) {
    if (last === 0) {
      return null;
    }
    if (at % 2 === 1 || at === last) {
      node = nodeOf(other, node);
      while (at % 2 === 0 && at !== 0) {
        at >>= 1;
        last >>= 1;
      }
    } else {
      node = nodeOf(node, other);
    }
    at >>= 1;
    last >>= 1;
  }
  return last === 0 ? node : null;
}
