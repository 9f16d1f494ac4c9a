/**
 * A seeded stream of random numbers for tests, resampling and learning: xoshiro128** (Blackman and Vigna, Scrambled
 * linear pseudorandom number generators, ACM TOMS 47(4), 2021), its state filled by SplitMix64. The same seed and stream
 * give the same numbers on every machine.
 *
 * NEVER for noise in use: whoever knows or guesses the seed, or sees a few numbers, knows all of them.
 */
export class Random {
  private readonly state: Uint32Array;
  private spare: number | null = null;

  /**
   * @param seed @param stream integers 0…2^53-1; streams of one seed are as good as independent
   * @throws RangeError for anything else
   */
  constructor(seed: number, stream = 0) {
    if (![seed, stream].every(value => Number.isSafeInteger(value) && value >= 0)) {
      throw new RangeError(`A seed and its stream are integers from 0 to 2^53-1, not ${seed} and ${stream}.`);
    }
    const [start] = splitMix(BigInt(stream), 1);
    // Two words in a row of SplitMix64 differ, so the state is never all 0.
    const [low, high] = splitMix(start ^ BigInt(seed), 2);
    this.state = Uint32Array.from([low, low >> 32n, high, high >> 32n], word => Number(BigInt.asUintN(32, word)));
  }

  /** An integer 0…2^32-1. */
  bits(): number {
    return nextBits(this.state);
  }

  /** Evenly from [low, high), with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const share = ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) / 2 ** 53;
    return low + (high - low) * share;
  }

  /** From N(mean, deviation^2), by Box and Muller's transform. */
  normal(mean = 0, deviation = 1): number {
    if (this.spare !== null) {
      const value = this.spare;
      this.spare = null;
      return mean + deviation * value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return mean + deviation * radius * Math.cos(angle);
  }

  /** `length` values from N(0, 1). */
  normals(length: number): Float32Array {
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      values[i] = this.normal();
    }
    return values;
  }

  /**
   * One of 0…below-1, each as likely.
   * @throws RangeError unless `below` is an integer 1…2^32
   */
  integer(below: number): number {
    if (!Number.isInteger(below) || below < 1 || below > 2 ** 32) {
      throw new RangeError(`There is no integer from 0 to below ${below}.`);
    }
    // Beyond the last whole multiple some remainders would come up more often.
    const end = 2 ** 32 - (2 ** 32 % below);
    let value = this.bits();
    while (value >= end) {
      value = this.bits();
    }
    return value % below;
  }

  /** The values in another order, each order as likely (Fisher and Yates). */
  shuffle<T>(values: readonly T[]): T[] {
    const shuffled = [...values];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
    }
    return shuffled;
  }
}

/** One step of xoshiro128** on four words, not all 0. */
export function nextBits(state: Uint32Array): number {
  const result = Math.imul(rotateLeft(Math.imul(state[1], 5), 7), 9) >>> 0;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = rotateLeft(state[3], 11);
  return result;
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** 64-bit words of SplitMix64 (Steele, Lea and Flood 2014), from the given state on. */
export function splitMix(state: bigint, count: number): bigint[] {
  return Array.from({ length: count }, () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let word = state;
    word = BigInt.asUintN(64, (word ^ (word >> 30n)) * 0xbf58476d1ce4e5b9n);
    word = BigInt.asUintN(64, (word ^ (word >> 27n)) * 0x94d049bb133111ebn);
    return word ^ (word >> 31n);
  });
}
