import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { Random } from '../numerics/random';
import { type VeilError } from '../protocol';
import { differenceHash, hashDistance, nearGroups, NEAR } from './near-duplicates';
import { findPhotographs } from './photographs';
import { splitPhotographs } from './split-photographs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-photographs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const line = (doing: Promise<unknown>): Promise<string> =>
  doing.then(
    () => 'went well',
    error => (error as VeilError).line
  );
const put = async (path: string, content: string | Buffer = path) => {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), content);
};

/** A scene of its own for every seed: soft random patches. */
function scene(seed: number) {
  const random = new Random(seed);
  const data = Uint8Array.from({ length: 12 * 9 * 3 }, () => random.integer(256));
  return sharp(data, { raw: { width: 12, height: 9, channels: 3 } }).resize(120, 90, { kernel: 'cubic', fit: 'fill' });
}

describe('the photographs of a folder', () => {
  const found = async () => (await findPhotographs(folder)).map(path => path.slice(folder.length + 1));

  it('are found in its folders by their endings, sorted by path', async () => {
    for (const path of ['b.jpg', 'a/z.PNG', 'a/b/c.webp', 'B.jpeg', 'notes.txt', 'a.gif', '.hidden.jpg', '.cache/x.jpg']) {
      await put(path);
    }
    expect(await found()).toEqual(['B.jpeg', 'a/b/c.webp', 'a/z.PNG', 'b.jpg']);
  });

  it('are found once when links go round in circles or lead nowhere', async () => {
    await put('a/one.jpg');
    await symlink('..', join(folder, 'a/up'));
    await symlink(folder, join(folder, 'self'));
    await symlink('a', join(folder, 'also-a'));
    await symlink('nothing', join(folder, 'dangling.jpg'));
    expect(await found()).toEqual(['a/one.jpg']);
  });

  it('are followed out of the folder', async () => {
    await put('inside/one.jpg');
    await put('outside/two.jpg');
    await symlink('../outside', join(folder, 'inside/link'));
    expect(await findPhotographs(join(folder, 'inside'))).toEqual(
      ['link/two.jpg', 'one.jpg'].map(path => join(folder, 'inside', path))
    );
  });

  it('count once for one content', async () => {
    await put('c.jpg', 'same');
    await put('a/b.png', 'same');
    await put('d.jpg', 'size');
    expect(await found()).toEqual(['a/b.png', 'd.jpg']);
  });

  it('are missed in one line', async () => {
    await put('notes.txt');
    expect(await line(findPhotographs(folder))).toBe(
      `${folder} has no JPEG, PNG or WebP file in it. Nothing was run. Name a folder of photographs.`
    );
    expect(await line(findPhotographs(join(folder, 'absent')))).toContain('absent cannot be read (ENOENT)');
    expect(await line(findPhotographs(join(folder, 'notes.txt')))).toContain('notes.txt cannot be read (ENOTDIR)');
  });
});

describe('near-duplicates', () => {
  it('are near by their difference hash, other scenes are far', async () => {
    await scene(1).png().toFile(join(folder, 'one.png'));
    await scene(1).jpeg({ quality: 60 }).toFile(join(folder, 'coded.jpg'));
    await sharp(await scene(1).png().toBuffer())
      .resize(70, 60, { fit: 'fill' })
      .linear(0.8, 20)
      .webp()
      .toFile(join(folder, 'dim.webp'));
    await scene(2).png().toFile(join(folder, 'other.png'));
    const [one, coded, dim, other] = await Promise.all(
      ['one.png', 'coded.jpg', 'dim.webp', 'other.png'].map(name => differenceHash(join(folder, name)))
    );
    expect(hashDistance(one, coded)).toBeLessThanOrEqual(NEAR);
    expect(hashDistance(one, dim)).toBeLessThanOrEqual(NEAR);
    expect(hashDistance(one, other)).toBeGreaterThan(60);
  });

  it('has a bit for each value that is larger than its left neighbour', async () => {
    const data = Uint8Array.from({ length: 17 * 16 }, (_, i) => (i % 17) * 10 + (i === 3 ? -15 : 0));
    await sharp(data, { raw: { width: 17, height: 16, channels: 1 } })
      .png()
      .toFile(join(folder, 'ramp.png'));
    const hash = await differenceHash(join(folder, 'ramp.png'));
    expect(hashDistance(hash, new Uint32Array(8))).toBe(255);
    expect(hash[0]).toBe(0xfffffffb);
  });

  it('are one group with what they link', () => {
    const withBits = (count: number) =>
      Uint32Array.from({ length: 8 }, (_, i) => 2 ** Math.min(32, Math.max(0, count - 32 * i)) - 1);
    expect(hashDistance(withBits(0), withBits(45))).toBe(45);
    expect(nearGroups([0, 100, 40, 20, 141].map(withBits))).toEqual([[0, 2, 3], [1], [4]]);
  });

  it('tells of a file that is no picture in one line', async () => {
    await put('bad.jpg', 'no picture');
    expect(await line(differenceHash(join(folder, 'bad.jpg')))).toMatch(/^.*bad\.jpg cannot be decoded \(.*$/);
  });
});

describe('splitting photographs', () => {
  const sizes = { fit: 8, select: 3, held_out: 3 };
  const write = async (scenes: number, copies: (scene: number) => number = () => 1) => {
    for (let i = 0; i < scenes; i++) {
      for (let k = 0; k < copies(i); k++) {
        await scene(i)
          .jpeg({ quality: 90 - 7 * k })
          .toFile(join(folder, `s${i}-${k}.jpg`));
      }
    }
    return findPhotographs(folder);
  };
  const scenesOf = (paths: string[]) => new Set(paths.map(path => /s(\d+)-/.exec(path)![1]));

  it('fills disjoint parts, the same for a seed and others for another, in whatever order they come', async () => {
    const paths = await write(20);
    const parts = await splitPhotographs(paths, sizes, 1);
    const all = [...parts.fit, ...parts.select, ...parts.held_out];
    expect([parts.fit.length, parts.select.length, parts.held_out.length, parts.left_out]).toEqual([8, 3, 3, 6]);
    expect(new Set(all).size).toBe(14);
    expect(await splitPhotographs(new Random(3).shuffle(paths), sizes, 1)).toEqual(parts);
    expect(await splitPhotographs(paths, sizes, 2)).not.toEqual(parts);
  });

  it('goes by content, not by name', async () => {
    const paths = await write(16);
    const before = await splitPhotographs(paths, sizes, 1);
    await mkdir(join(folder, 'moved'));
    const moved = (path: string) => path.replace(folder, join(folder, 'moved')).replace(/s(\d+)-/, (_, i) => `s${99 - i}-`);
    await Promise.all(paths.map(path => rename(path, moved(path))));
    const after = await splitPhotographs(await findPhotographs(folder), sizes, 1);
    expect(after.fit).toEqual(before.fit.map(moved));
    expect(after.held_out).toEqual(before.held_out.map(moved));
  });

  it('keeps near-duplicates in one part', async () => {
    const paths = await write(9, i => (i % 3) + 1);
    for (const seed of [1, 2, 3]) {
      const { fit, select, held_out } = await splitPhotographs(paths, sizes, seed);
      const scenes = [fit, select, held_out].map(scenesOf);
      expect(new Set(scenes.flatMap(part => [...part])).size).toBe(scenes.reduce((sum, { size }) => sum + size, 0));
    }
  });

  it('makes smaller parts of few photographs, and says when they are too few', async () => {
    const paths = await write(7);
    const { fit, select, held_out, left_out } = await splitPhotographs(paths, sizes, 1);
    expect([fit.length, select.length, held_out.length, left_out]).toEqual([3, 2, 2, 0]);
    const near = await write(2, () => 3);
    expect(
      await line(
        splitPhotographs(
          near.filter(path => /s[01]-/.test(path)),
          sizes,
          1
        )
      )
    ).toContain('6 photographs (2 when near-duplicates count once) are too few');
  });
});
