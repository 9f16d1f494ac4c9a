import { createHash } from 'node:crypto';

/** A place that holds no name; a name with this hash, one of 2^64, is taken for the next one. */
const FREE = 0n;

/**
 * A set of names in 11 to 22 bytes for each, whatever their length: 64 bits of SHA-256 in a table with open addressing. Two of
 * n names share a hash with probability n^2 / 2^65: 3e-8 for a million.
 */
export class SeenNames {
  private table = new BigUint64Array(64);
  private held = 0;

  has(name: string): boolean {
    const key = keyOf(name);
    return this.table[this.placeOf(key)] === key;
  }

  /** @returns whether it is new */
  add(name: string): boolean {
    const key = keyOf(name);
    const place = this.placeOf(key);
    if (this.table[place] === key) {
      return false;
    }
    this.table[place] = key;
    if (++this.held > 0.75 * this.table.length) {
      this.grow();
    }
    return true;
  }

  private placeOf(key: bigint): number {
    const mask = this.table.length - 1;
    let place = Number(key & 0xffffffffn) & mask;
    while (this.table[place] !== key && this.table[place] !== FREE) {
      place = (place + 1) & mask;
    }
    return place;
  }

  private grow(): void {
    const keys = this.table;
    this.table = new BigUint64Array(2 * keys.length);
    keys.forEach(key => {
      if (key !== FREE) {
        this.table[this.placeOf(key)] = key;
      }
    });
  }
}

function keyOf(name: string): bigint {
  const key = createHash('sha256').update(name).digest().readBigUInt64LE(0);
  return key === FREE ? 1n : key;
}
