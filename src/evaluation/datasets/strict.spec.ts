import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type VeilError } from '../../protocol';
import { ellipseBounds, readCoco, readFddb, type LabelledPhotograph } from '.';

const CASES = { seed: 20240607, numRuns: 60 };
const shared = join(__dirname, '../../../../shared/data');
const withData = (name: string, folder: string, test: (path: string) => Promise<void>) =>
  existsSync(join(shared, folder))
    ? it(name, () => test(join(shared, folder)))
    : it.skip(`${name} (no ../shared/data/${folder} here)`, () => undefined);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-datasets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const line = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => 'was read',
    error => (error as VeilError).line
  );
const faces = (photographs: LabelledPhotograph[]) => photographs.reduce((sum, { truth }) => sum + truth.length, 0);

describe('a COCO json', () => {
  const coco = async (document: unknown) => {
    const path = join(folder, 'annotations.json');
    await writeFile(path, typeof document === 'string' ? document : JSON.stringify(document));
    return path;
  };
  const image = { id: 7, file_name: 'a/b.jpg', width: 40, height: 30 };
  const face = { image_id: 7, category_id: 1, bbox: [1, 2, 10, 20] };

  it('gives photographs, with and without boxes, and crowds as ignored truth', async () => {
    const images = [image, { id: 'x', file_name: 'c.jpg' }];
    const path = await coco({ images, annotations: [face, { ...face, iscrowd: 1 }, { ...face, iscrowd: 0 }] });
    const box = { x1: 1, y1: 2, x2: 11, y2: 22 };
    expect(await readCoco(path)).toEqual([
      { path: join(folder, 'a/b.jpg'), width: 40, height: 30, truth: [box, { ...box, ignore: true }, box] },
      { path: join(folder, 'c.jpg'), width: undefined, height: undefined, truth: [] }
    ]);
  });

  it('names photographs in images beside it, or in the folder it is told', async () => {
    const path = await coco({ images: [image], annotations: [] });
    expect((await readCoco(path, { folder: '/elsewhere' }))[0].path).toBe('/elsewhere/a/b.jpg');
    await mkdir(join(folder, 'images'));
    expect((await readCoco(path))[0].path).toBe(join(folder, 'images/a/b.jpg'));
  });

  it('with several categories wants to know which counts', async () => {
    const categories = [
      { id: 1, name: 'face' },
      { id: 2, name: 'cat' }
    ];
    const path = await coco({ images: [image], annotations: [face, { ...face, category_id: 2 }, face], categories });
    expect(faces(await readCoco(path, { category: 'face' }))).toBe(2);
    expect(await line(readCoco(path))).toContain('its boxes are of 2 categories ("face", "cat")');
    expect(await line(readCoco(path, { category: 'dog' }))).toContain('no category "dog" ("face", "cat")');
  });

  it.each([
    ['{"images": [],\n "annotations": [}', ', line 2: not JSON ('],
    ['{"images": [],\n\n "annotations"', ', line 3: not JSON ('],
    ['', ', line 1: not JSON ('],
    [[], ': the document: '],
    [{ images: [image], annotations: [face, { ...face, bbox: [1, 2, 0, 4] }] }, ': annotations[1].bbox[2]: '],
    [{ images: [image], annotations: [{ ...face, bbox: [1, 2, 3] }] }, ': annotations[0].bbox: '],
    [{ images: [image], annotations: [{ ...face, image_id: 8 }] }, ': annotations[0]: is of image "8"'],
    [{ images: [image, image], annotations: [] }, ': images[1]: has the id "7" of another']
  ])('%j is refused in one line that says where', async (document, where) => {
    const path = await coco(document);
    const told = await line(readCoco(path));
    expect(told).toContain(path + where);
    expect(told).not.toContain('\n');
  });

  withData('of the training photographs is read whole', 'faces/train', async path => {
    const photographs = await readCoco(join(path, 'annotations.json'));
    expect(photographs).toHaveLength(2117);
    expect(faces(photographs)).toBe(7540);
    expect(photographs.every(photograph => existsSync(photograph.path))).toBe(true);
  });
});

describe('a folder in the layout of FDDB', () => {
  const fold = async (text: string) => {
    await mkdir(join(folder, 'FDDB-folds'), { recursive: true });
    const path = join(folder, 'FDDB-folds/FDDB-fold-01-ellipseList.txt');
    await writeFile(path, text);
    return path;
  };

  it('gives photographs and the rectangles around ellipses, whatever the ends of lines', async () => {
    await fold('2002/one\r\n2\r\n20 10 0 100 50  1\r\n20 10 1.5707963267948966 100 50 1\r\n2002/none\r\n0\r\n\r\n');
    const [one, none] = await readFddb(folder);
    expect(one.path).toBe(join(folder, 'originalPics/2002/one.jpg'));
    expect(one.truth[0]).toEqual({ x1: 80, y1: 40, x2: 120, y2: 60 });
    expect(one.truth[1].x1).toBeCloseTo(90, 10);
    expect(one.truth[1].y2).toBeCloseTo(70, 10);
    expect(none.truth).toEqual([]);
  });

  it.each([
    ['a\n1\n20 10 0 100 50 1\n20 10 0 100 50 1\n', 4, 'name of a photograph ("a" is to have 1 faces)'],
    ['a\n2\n20 10 0 100 50 1\nb\n1\n', 4, 'an ellipse, found "b"'],
    ['a\nmany\n', 2, 'number of faces in "a", found "many"'],
    ['a\n1\n20 10 0 100 50 1\nb', 5, 'number of faces in "b", found ""'],
    ['a\n1\n20 -10 0 100 50 1\n', 3, 'an ellipse'],
    ['a\n1\n20 10 0 100\n', 3, 'an ellipse'],
    ['a\n1\n', 3, 'an ellipse, found ""'],
    ['20 10\na\n0\n', 1, 'name of a photograph']
  ])('%j is refused in one line that names line %i', async (text, number, what) => {
    const path = await fold(text);
    const told = await line(readFddb(folder));
    expect(told).toContain(`${path}, line ${number}: expected the`);
    expect(told).toContain(what);
    expect(told).not.toContain('\n');
  });

  it('without lists is refused in one line', async () => {
    expect(await line(readFddb(folder))).toContain(`${folder} has no labels in a format that is known here as fddb`);
  });

  it('has rectangles that touch each ellipse on all four sides', () =>
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 100, noNaN: true }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        fc.double({ min: -4, max: 4, noNaN: true }),
        (major, minor, angle) => {
          const { x1, y1, x2, y2 } = ellipseBounds(major, minor, angle, 3, -5);
          const points = Array.from({ length: 2000 }, (_, i) => {
            const [along, across] = [major * Math.cos((i * Math.PI) / 1000), minor * Math.sin((i * Math.PI) / 1000)];
            return [
              3 + along * Math.cos(angle) - across * Math.sin(angle),
              -5 + along * Math.sin(angle) + across * Math.cos(angle)
            ];
          });
          const near = (value: number, wanted: number) => expect(Math.abs(value - wanted)).toBeLessThan(1e-3);
          near(Math.min(...points.map(([x]) => x)), x1);
          near(Math.max(...points.map(([x]) => x)), x2);
          near(Math.min(...points.map(([, y]) => y)), y1);
          near(Math.max(...points.map(([, y]) => y)), y2);
        }
      ),
      CASES
    ));

  withData('has 2845 photographs and 5171 faces where it is FDDB itself', 'fddb-annotations', async path => {
    const photographs = await readFddb(path);
    expect(photographs).toHaveLength(2845);
    expect(faces(photographs)).toBe(5171);
  });

  withData('gives back the boxes that the validation photographs were drawn with', 'faces/val', async path => {
    const photographs = await readFddb(path);
    expect([photographs.length, faces(photographs)]).toEqual([150, 360]);
    expect(photographs.every(photograph => existsSync(photograph.path))).toBe(true);
    // Radii 77 and 97.5 are half the height and half the width of a box at 474.5, 121.
    const [{ x1, y1, x2, y2 }] = photographs[0].truth;
    [x1 - 377, y1 - 44, x2 - 572, y2 - 198].forEach(rest => expect(Math.abs(rest)).toBeLessThan(1e-3));
  });
});
