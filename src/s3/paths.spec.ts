import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import fc from 'fast-check';
import { filesBelow, makeParents, PARTIAL, pathOf } from './paths';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'veilbook-paths-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('the path of a key', () => {
  it.each(['', '/', 'a//b', '../a', 'a/../../b', '.', './a', 'a/', 'a\0b', '/etc/passwd'])('%j is refused', key => {
    expect(() => pathOf(root, key)).toThrow(/no path of a file/);
  });

  it('lies below the folder, whatever the key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), key => {
        let path: string;
        try {
          path = pathOf('/root/of/all', key);
        } catch {
          return;
        }
        expect(path.startsWith(`${sep}root/of/all${sep}`)).toBe(true);
        expect(path.slice('/root/of/all/'.length)).toBe(key);
      }),
      { seed: 1, numRuns: 2000 }
    );
  });

  it('a name that is longer than file systems allow is refused', () => {
    expect(() => pathOf(root, `a/${'x'.repeat(250)}`)).toThrow(/too long/);
  });
});

describe('folders on the way', () => {
  it('are made, twice too', async () => {
    await makeParents(root, join(root, 'a', 'b', 'file'));
    await makeParents(root, join(root, 'a', 'b', 'file'));
    expect(await readdir(join(root, 'a'))).toEqual(['b']);
  });

  it('a link that leads elsewhere is not followed', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'veilbook-elsewhere-'));
    await symlink(elsewhere, join(root, 'a'));
    await expect(makeParents(root, join(root, 'a', 'b', 'file'))).rejects.toMatchObject({ code: 'conflict' });
    expect(await readdir(elsewhere)).toEqual([]);
    await rm(elsewhere, { recursive: true });
  });

  it('a file of the same name is told', async () => {
    await writeFile(join(root, 'a'), '');
    await expect(makeParents(root, join(root, 'a', 'file'))).rejects.toMatchObject({ code: 'conflict' });
  });
});

it('finds hidden files, and leaves out links and what is still being copied', async () => {
  await mkdir(join(root, 'a/.b'), { recursive: true });
  await writeFile(join(root, 'a/.b/.file'), 'x');
  await writeFile(join(root, `.file.12345678${PARTIAL}`), 'x');
  await symlink('/etc/passwd', join(root, 'link'));
  const skipped: string[] = [];
  const found = [];
  for await (const file of filesBelow(root, 'data/', path => skipped.push(path))) {
    found.push(file);
  }
  expect(found).toEqual([{ path: join(root, 'a/.b/.file'), key: 'data/a/.b/.file', bytes: 1 }]);
  expect(skipped).toEqual([join(root, 'link')]);
});
