import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { compositeEtag, EtagHash, etagOfFile, isMd5Etag } from './etag';

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest();

describe('ETags', () => {
  it('of one piece is the MD5 of it', () => {
    expect(new EtagHash(null).update(Buffer.from('veil')).digest()).toBe(md5(Buffer.from('veil')).toString('hex'));
    expect(new EtagHash(null).digest()).toBe('d41d8cd98f00b204e9800998ecf8427e');
  });

  it('of parts does not depend on how the bytes come', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 64 }),
        fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 5 }),
        (bytes, partBytes, cuts) => {
          const parts = Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, i) =>
            md5(bytes.subarray(i * partBytes, (i + 1) * partBytes))
          );
          const hash = new EtagHash(partBytes);
          const at = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
          at.slice(1).forEach((end, i) => hash.update(bytes.subarray(at[i], end)));
          expect(hash.digest()).toBe(compositeEtag(parts));
        }
      ),
      { seed: 1 }
    );
  });

  it('of a file is that of its bytes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'veilbook-etag-'));
    const bytes = Buffer.alloc(3_000_001, 7);
    await writeFile(join(folder, 'file'), bytes);
    expect(await etagOfFile(join(folder, 'file'), 1_000_000)).toBe(new EtagHash(1_000_000).update(bytes).digest());
    await rm(folder, { recursive: true });
  });

  it('is known from what encryption with a key of the server leaves there', () => {
    expect(isMd5Etag('d41d8cd98f00b204e9800998ecf8427e')).toBe(true);
    expect(isMd5Etag('d41d8cd98f00b204e9800998ecf8427e-12')).toBe(true);
    expect(isMd5Etag('d41d8cd98f00b204e9800998ecf8427e12')).toBe(false);
    expect(isMd5Etag('')).toBe(false);
  });
});
