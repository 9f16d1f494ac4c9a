import { createCipheriv, createHmac } from 'node:crypto';
import { insecureSeededEpsilon, prfEpsilon, type EpsilonSource } from './epsilon';

const KEY = Uint8Array.from({ length: 32 }, (_, i) => 3 * i);
const DIGEST = new Uint8Array(32).fill(9);

function bytesOf(source: EpsilonSource, digest = DIGEST, length = 100_000): Buffer {
  const bytes = Buffer.alloc(length, 1);
  source.fill(bytes, digest);
  return bytes;
}

describe('the randomness of one image', () => {
  it('is the AES-256-CTR keystream under HMAC-SHA256 of context and digest', () => {
    const subkey = createHmac('sha256', KEY)
      .update(Buffer.concat([Buffer.from('artefact 0.4'), DIGEST]))
      .digest();
    const stream = createCipheriv('aes-256-ctr', subkey, Buffer.alloc(16)).update(Buffer.alloc(100_000));
    expect(bytesOf(prfEpsilon(KEY, 'artefact 0.4')).equals(stream)).toBe(true);
  });

  it('repeats for the same key, context and digest', () => {
    const source = prfEpsilon(KEY, 'a');
    const first = bytesOf(source);
    bytesOf(source, new Uint8Array(32));
    expect(bytesOf(source).equals(first)).toBe(true);
    expect(bytesOf(prfEpsilon(KEY, 'a')).equals(first)).toBe(true);
  });

  it('does not follow the key when its owner wipes it', () => {
    const key = KEY.slice();
    const source = prfEpsilon(key, 'a');
    key.fill(0);
    expect(bytesOf(source).equals(bytesOf(prfEpsilon(KEY, 'a')))).toBe(true);
  });

  it('shares nothing with that of another key, context, digest or seed', () => {
    const nearKey = KEY.slice();
    nearKey[31] ^= 1;
    const nearDigest = DIGEST.slice();
    nearDigest[0] ^= 1;
    const all = [
      bytesOf(prfEpsilon(KEY, 'a')),
      bytesOf(prfEpsilon(nearKey, 'a')),
      bytesOf(prfEpsilon(KEY, 'b')),
      bytesOf(prfEpsilon(KEY, '')),
      bytesOf(prfEpsilon(KEY, 'a'), nearDigest),
      bytesOf(insecureSeededEpsilon(1)),
      bytesOf(insecureSeededEpsilon(2)),
      bytesOf(insecureSeededEpsilon(1), nearDigest)
    ];
    all.forEach((a, i) =>
      all.slice(0, i).forEach(b => {
        const same = a.filter((byte, k) => byte === b[k]).length / a.length;
        // Five standard errors around 1/256.
        expect(Math.abs(same - 1 / 256)).toBeLessThan(5 * Math.sqrt(1 / 256 / a.length));
      })
    );
  });

  it('is private only under a key', () => {
    expect(prfEpsilon(KEY, 'a').private).toBe(true);
    expect(insecureSeededEpsilon(1).private).toBe(false);
  });

  it('asks for a whole key and a whole digest', () => {
    expect(() => prfEpsilon(KEY.subarray(1), 'a')).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(() => bytesOf(prfEpsilon(KEY, 'a'), DIGEST.subarray(1))).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});
