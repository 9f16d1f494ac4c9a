import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, veilbook } from './cli';

const FDDB = join(root, '..', 'shared', 'data', 'fddb-annotations');

describe('veilbook dataset info', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'veilbook-dataset-'));
    mkdirSync(join(folder, 'FDDB-folds'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const list = (text: string) => writeFileSync(join(folder, 'FDDB-folds/FDDB-fold-01-ellipseList.txt'), text);

  it('prints what there is and ends with 0', async () => {
    list('a\n1\n20 10 0 100 50 1\nb\n0\n');
    const { code, stdout, stderr } = await veilbook(['dataset', 'info', folder]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('FDDB (fddb)\nfold         images  faces  ignored  bad\nFDDB-fold-1       2      1        0    0\n');
  });

  it('counts a bad record, tells where it is, and ends with 3', async () => {
    list('a\n1\n20 10 0 100 50 1\nb\n1\n20 -10 0 100 50 1\n');
    const { code, stdout } = await veilbook(['dataset', 'info', folder, '--json']);
    const counts = { images: 1, faces: 1, ignored: 0, bad: 1 };
    const place = `${join(folder, 'FDDB-folds/FDDB-fold-01-ellipseList.txt')}, line 6`;
    const message = 'expected the radii, angle and centre of an ellipse, found "20 -10 0 100 50 1"';
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toEqual({
      schema: 1,
      format: 'fddb',
      ...counts,
      folds: [{ fold: 'FDDB-fold-1', ...counts }],
      bad_records: [{ place, message }]
    });
    expect((await veilbook(['dataset', 'info', folder])).stdout).toContain(`\nbad: ${place}: ${message}\n`);
  });

  it('says in one line what is no data set', async () => {
    const { code, stdout, stderr } = await veilbook(['dataset', 'info', folder]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^veilbook: .* has no labels in a format that is known here\..*\n$/);
    expect((await veilbook(['dataset', 'info', join(folder, 'nowhere')])).code).toBe(2);
    expect((await veilbook(['dataset', 'info', folder, '--format', 'yolo'])).code).toBe(2);
  });

  const name = 'finds 2845 images and 5171 faces in FDDB';
  (existsSync(FDDB) ? it : it.skip)(existsSync(FDDB) ? name : `${name} (no ../shared/data/fddb-annotations here)`, async () => {
    const { code, stdout } = await veilbook(['dataset', 'info', FDDB, '--json']);
    expect(code).toBe(0);
    const { folds, ...all } = JSON.parse(stdout);
    expect(all).toEqual({ schema: 1, format: 'fddb', images: 2845, faces: 5171, ignored: 0, bad: 0, bad_records: [] });
    expect(folds.map(({ fold }: { fold: string }) => fold)).toEqual(Array.from({ length: 10 }, (_, i) => `FDDB-fold-${i + 1}`));
  });
});
