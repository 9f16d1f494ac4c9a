import fc from 'fast-check';
import { Value } from '@sinclair/typebox/value';
import { NEAR } from '../numerics/difference-hash';
import { Looks } from '../protocol';
import type { Look, SourceHashes } from './look-signature';
import { LookCounter, looksNotices } from './looks';

/** Two knots at which 1, 4 and 16 looks were measured. */
const measured: Look['measured'] = {
  document: {
    knots: [0.2, 0.8].map(alpha => ({ alpha, looks: [1, 4, 16].map(looks => ({ looks, alpha: alpha / Math.sqrt(looks) })) }))
  }
};

/** A hash with the first so many bits set. */
const bits = (count: number) => Array.from({ length: 8 }, (_, i) => 2 ** Math.min(32, Math.max(0, count - 32 * i)) - 1);
let made = 0;
/** Of a frame whose two hashes are the same. */
const frame = (words: number[]): SourceHashes => ({ frame: words, activation: words });
const bare = (words: number[]): SourceHashes => ({ frame: null, activation: words });
const look = (changes: Partial<Look> = {}): Look => ({
  source: frame(bits(0)),
  tensor: `tensor ${made++}`,
  artefact: 'a'.repeat(64),
  alpha: 0.8,
  measured,
  ...changes
});

describe('looks at a source', () => {
  it('are counted, with what is left of ALPHA', () => {
    const counter = new LookCounter();
    const told = [1, 2, 3, 4].map(() => counter.count(look()));
    expect(told.map(({ count }) => count)).toEqual([1, 2, 3, 4]);
    told.forEach(looks => expect([...Value.Errors(Looks, looks)]).toEqual([]));
    expect(told[0]).toEqual({ count: 1, alpha_1: 0.8, alpha_k: 0.8 });
    expect(told[3]).toEqual({ count: 4, alpha_1: 0.8, alpha_k: 0.4 });
    expect(told[1].alpha_k).toBeCloseTo(0.6);
  });

  it('are those of near-duplicates too, and no others', () => {
    const counter = new LookCounter();
    counter.count(look());
    expect(counter.count(look({ source: frame(bits(NEAR)) })).count).toBe(2);
    expect(counter.count(look({ source: frame(bits(NEAR + 1)) })).count).toBe(1);
    expect(counter.count(look({ source: frame(bits(256)) })).count).toBe(1);
    // Between two sources the nearer one's.
    expect(counter.count(look({ source: frame(bits(12)) })).count).toBe(2);
    expect(counter.size).toBe(3);
  });

  it('are no more when a tensor is sent again, even after others', () => {
    const counter = new LookCounter();
    const first = look();
    counter.count(first);
    expect(counter.count(first)).toEqual({ count: 1, alpha_1: 0.8, alpha_k: 0.8 });
    counter.count(look());
    expect(counter.count({ ...first }).count).toBe(2);
  });

  it('are counted apart for each artefact', () => {
    const counter = new LookCounter();
    counter.count(look());
    expect(counter.count(look({ artefact: 'b'.repeat(64) })).count).toBe(1);
  });

  it('are those of a frame and of its bare activation together, whichever came first', () => {
    for (const order of [
      [frame, bare],
      [bare, frame]
    ]) {
      const counter = new LookCounter();
      const told = order.map((of, i) => counter.count(look({ source: of(bits(0)), alpha: [0.8, 0.2][i] })));
      expect(told.map(({ count }) => count)).toEqual([1, 2]);
      expect(told[1]).toMatchObject({ alpha_1: 0.2 });
      expect(told[1].alpha_k).toBeLessThan(0.2);
      expect(counter.size).toBe(1);
    }
  });

  it('are known by either hash, and by the frame that a source first known by its activation had later', () => {
    const counter = new LookCounter();
    counter.count(look({ source: bare(bits(0)) }));
    counter.count(look({ source: { frame: bits(100), activation: bits(0) } }));
    expect(counter.count(look({ source: { frame: bits(100), activation: bits(200) } })).count).toBe(3);
    expect(counter.count(look({ source: { frame: bits(0), activation: bits(200) } })).count).toBe(1);
  });

  it('at several strengths count as so many at the weakest, whatever the order', () => {
    for (const alphas of [
      [0.8, 0.2, 0.8, 0.8],
      [0.2, 0.8, 0.8, 0.8]
    ]) {
      const counter = new LookCounter();
      const told = alphas.map(alpha => counter.count(look({ alpha })));
      expect(told[3]).toEqual({ count: 4, alpha_1: 0.8, alpha_k: 0.1 });
    }
  });

  it('have no ALPHA where nothing was measured', () => {
    const counter = new LookCounter();
    expect(counter.count(look({ measured: null }))).toEqual({ count: 1, alpha_1: null, alpha_k: null });
    for (let i = 2; i < 17; i++) {
      expect(counter.count(look()).alpha_k).not.toBeNull();
    }
    expect(counter.count(look())).toEqual({ count: 17, alpha_1: 0.8, alpha_k: null });
  });

  it('never count down, and are at most as many as tensors were made', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(9)), { maxLength: 60 }), made => {
        const counter = new LookCounter();
        const last = new Map<string, number>();
        const tensors = new Set<string>();
        for (const [size, tensor] of made) {
          const name = `${tensor}`;
          tensors.add(name);
          const { count } = counter.count(look({ source: frame(bits(size)), tensor: name }));
          expect(count).toBeGreaterThanOrEqual(last.get(name) ?? 1);
          expect(count).toBeLessThanOrEqual(tensors.size);
          last.set(name, count);
        }
      })
    );
  });
});

describe('the memory of looks', () => {
  const apart = (n: number) => Array.from({ length: 8 }, (_, i) => (n >> i) & 1 && 0xffffffff);

  it('holds so many sources and forgets the least recently seen', () => {
    const counter = new LookCounter({ sources: 3 });
    for (const n of [1, 2, 3]) {
      counter.count(look({ source: frame(apart(n)) }));
    }
    counter.count(look({ source: frame(apart(1)) }));
    counter.count(look({ source: frame(apart(4)) }));
    expect(counter.size).toBe(3);
    expect(counter.count(look({ source: frame(apart(1)) })).count).toBe(3);
    expect(counter.count(look({ source: frame(apart(2)) })).count).toBe(1);
  });

  it('takes a tensor that it has forgotten for another look', () => {
    const counter = new LookCounter({ tensors: 2 });
    const first = look();
    [first, look(), look()].forEach(each => counter.count(each));
    expect(counter.count(first).count).toBe(4);
  });

  it('stays bounded for many sources', () => {
    const counter = new LookCounter({ sources: 100 });
    for (let n = 0; n < 1000; n++) {
      const words = Array.from({ length: 8 }, (_, i) => Math.imul(n + 1, 0x9e3779b1 + 0x85ebca6a * i) >>> 0);
      counter.count(look({ source: frame(words) }));
    }
    expect(counter.size).toBe(100);
  });
});

describe('the line about looks', () => {
  it.each([
    [null, []],
    [undefined, []],
    [{ count: 1, alpha_1: 0.8, alpha_k: 0.8 }, []],
    [
      { count: 4, alpha_1: 0.8, alpha_k: 0.4 },
      ['This source was seen 4 times with fresh noise: ALPHA for all looks together is 0.40 (one look: 0.80).']
    ],
    [
      { count: 40, alpha_1: 0.8, alpha_k: null },
      ['This source was seen 40 times with fresh noise: ALPHA for so many looks together has not been measured (one look: 0.80).']
    ],
    [
      { count: 2, alpha_1: null, alpha_k: null },
      ['This source was seen 2 times with fresh noise: what that leaves of the protection has not been measured.']
    ]
  ])('of %j', (looks, lines) => {
    expect(looksNotices(looks)).toEqual(lines);
  });
});
