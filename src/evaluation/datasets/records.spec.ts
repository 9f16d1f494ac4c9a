import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type VeilError } from '../../protocol';
import { datasetInfo, openDataset, type Dataset, type DatasetOptions, type DatasetRecord } from '.';

const FDDB = join(__dirname, '../../../../shared/data/fddb-annotations');
const ellipses = 'FDDB-folds/FDDB-fold-01-ellipseList.txt';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-records-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Record<string, string | object>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const open = (options?: DatasetOptions, path = folder) => openDataset(path, options);

async function records(dataset: Dataset, index = 0): Promise<DatasetRecord[]> {
  const all: DatasetRecord[] = [];
  for await (const record of dataset.folds[index].records()) {
    all.push(record);
  }
  return all;
}

/** Each record's photograph, or where and what is wrong, without the folder's own name. */
const tell = (all: DatasetRecord[]) =>
  all.map(record =>
    ('bad' in record ? `${record.bad.place}: ${record.bad.message}` : record.photograph.path).replaceAll(`${folder}/`, '')
  );
const told = async (options?: DatasetOptions, path?: string) => tell(await records(await open(options, path)));
const refusal = (options?: DatasetOptions, path?: string) =>
  told(options, path).then(
    () => 'was read',
    error => (error as VeilError).line
  );

describe('records of FDDB', () => {
  const face = '20 10 0.5 100 50 1\n';

  it('go on behind a bad one, each told once with its file and line', async () => {
    write({ [ellipses]: `a\n1\n${face}b\n2\n${face}c\n1\n20 0 0 1 1 1\nd\n0\n${face}e\n1\n1e9 1 0 1 1 1\nf\n1\n${face}` });
    expect(await told()).toEqual([
      'originalPics/a.jpg',
      `${ellipses}, line 7: expected the radii, angle and centre of an ellipse, found "c"`,
      `${ellipses}, line 9: expected the radii, angle and centre of an ellipse, found "20 0 0 1 1 1"`,
      `${ellipses}, line 12: expected the name of a photograph ("d" is to have 0 faces), found "20 10 0.5 100 50 1"`,
      `${ellipses}, line 15: expected the radii, angle and centre of an ellipse, found "1e9 1 0 1 1 1"`,
      'originalPics/f.jpg'
    ]);
  });

  it('hold the ellipse of each box', async () => {
    write({ [ellipses]: `a\n1\n20 10 0 100 50 1\n` });
    expect(await records(await open())).toEqual([
      {
        ordinal: 0,
        photograph: {
          path: join(folder, 'originalPics/a.jpg'),
          truth: [{ x1: 80, y1: 40, x2: 120, y2: 60 }],
          ellipses: [{ major: 20, minor: 10, angle: 0, x: 100, y: 50 }]
        }
      }
    ]);
  });

  it('are bad where annotation and list do not name the same photographs', async () => {
    const list = 'FDDB-folds/FDDB-fold-01.txt';
    write({ [ellipses]: `a\n0\nb\n0\nc\n-1\n`, [list]: 'a\nc\nd\nd\n' });
    expect(await told()).toEqual([
      'originalPics/a.jpg',
      `${ellipses}, line 3: "b" is not in ${list}`,
      `${ellipses}, line 6: expected the number of faces in "c", found "-1"`,
      `${list}, line 3: "d" has no annotation in ${ellipses}`
    ]);
  });

  it('are bad where a name leads out of the folder, or was there before, also in another fold', async () => {
    const second = 'FDDB-folds/FDDB-fold-02-ellipseList.txt';
    write({ [ellipses]: 'a\n0\n../b\n0\n/etc/c\n0\na\n0\n', [second]: 'd\n0\na\n0\nx/../../e\n0\n' });
    const dataset = await open();
    // The second fold first: what the first one has is found out for it.
    const second1 = await records(dataset, 1);
    expect(tell(second1)).toEqual([
      'originalPics/d.jpg',
      `${second}, line 3: the photograph originalPics/a.jpg was there before`,
      `${second}, line 5: "x/../../e" names no photograph in the folder`
    ]);
    const all = [...(await records(dataset, 0)), ...second1];
    expect(all.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await records(dataset, 1)).toEqual(second1);
    expect(tell(all).slice(1, 4)).toEqual([
      `${ellipses}, line 3: "../b" names no photograph in the folder`,
      `${ellipses}, line 5: "/etc/c" names no photograph in the folder`,
      `${ellipses}, line 7: the photograph originalPics/a.jpg was there before`
    ]);
  });

  it('come in the order of numbers, under the names that results are printed with', async () => {
    write(Object.fromEntries([10, 2, 1].map(n => [`FDDB-fold-${n}-ellipseList.txt`, `p${n}\n0\n`])));
    const { name, folds } = await open();
    expect([name, ...folds.map(fold => fold.name)]).toEqual(['FDDB', 'FDDB-fold-1', 'FDDB-fold-2', 'FDDB-fold-10']);
  });

  it('neither hold nor wait for an endless line or a count that nobody can have', async () => {
    write({ [ellipses]: `a\n1000000000000\n${face}b\n99999\n${face}` });
    const at = join(folder, 'FDDB-folds/FDDB-fold-02-ellipseList.txt');
    writeFileSync(at, 'c\n0\n');
    truncateSync(at, 200_000_000);
    const before = process.memoryUsage().rss;
    expect(await told()).toEqual([
      `${ellipses}, line 2: expected the number of faces in "a", found "1000000000000"`,
      `${ellipses}, line 7: expected the radii, angle and centre of an ellipse, found ""`
    ]);
    const dataset = await open();
    expect(tell(await records(dataset, 1))).toEqual([
      'originalPics/c.jpg',
      'FDDB-folds/FDDB-fold-02-ellipseList.txt, line 3: expected the name of a photograph, found a line that is too long to be read'
    ]);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  it('show nothing that a terminal obeys', async () => {
    write({ [ellipses]: `a\n\u001b[2J\u202e${'x'.repeat(500)}\n` });
    const [line] = await told();
    expect(line).toContain(`found "·[2J·xxx`);
    expect(line.length).toBeLessThan(200);
  });
});

describe('records of WIDER FACE', () => {
  const list = 'wider_face_split/wider_face_val_bbx_gt.txt';

  it('are photographs with faces, invalid ones ignored, and a line of zeros where there are none', async () => {
    write({
      [list]:
        '0--Parade/a.jpg\n2\n449 330 122 149 0 0 0 0 0 0 \n1 2 0 0 2 0 0 1 0 0 \n0--Parade/b.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \nc.jpg\n0\n'
    });
    const dataset = await open();
    expect([dataset.format, dataset.name, dataset.folds[0].name]).toEqual(['wider', 'WIDER FACE', 'val']);
    const [first, ...others] = await records(dataset);
    expect(first).toEqual({
      ordinal: 0,
      photograph: {
        path: join(folder, 'WIDER_val/images/0--Parade/a.jpg'),
        truth: [
          { x1: 449, y1: 330, x2: 571, y2: 479 },
          { x1: 1, y1: 2, x2: 1, y2: 2, ignore: true }
        ]
      }
    });
    expect(tell(others)).toEqual(['WIDER_val/images/0--Parade/b.jpg', 'WIDER_val/images/c.jpg']);
    expect(await datasetInfo(dataset)).toMatchObject({ images: 3, faces: 1, ignored: 1, bad: 0 });
  });

  it.each([
    ['a.jpg\n1\n1 2 0 4 0 0 0 0 0 0\n', 3, 'expected left, top'],
    ['a.jpg\n1\n1 2 3 4\n', 3, 'expected left, top'],
    ['a.jpg\n1\n1 2 3 4 0 0 0 2 0 0\n', 3, 'expected left, top'],
    ['a.jpg\n1\n0 0 0 0 0 0 0 0 0 0\n', 3, 'expected left, top'],
    ['a.jpg\n1\n1 2 Infinity 4 0 0 0 0 0 0\n', 3, 'expected left, top'],
    ['../../a.jpg\n0\n', 1, 'names no photograph']
  ])('%j is bad on line %i', async (text, line, what) => {
    write({ [list]: `${text}z.jpg\n0\n` });
    const [bad, good] = await told();
    expect(bad).toMatch(`${list}, line ${line}: `);
    expect(bad).toContain(what);
    expect(good).toBe('WIDER_val/images/z.jpg');
  });

  it('of one split are read where its list is named', async () => {
    write({ [list]: 'a.jpg\n0\n', 'wider_face_split/wider_face_train_bbx_gt.txt': 'b.jpg\n0\n' });
    expect((await open()).folds.map(({ name }) => name)).toEqual(['train', 'val']);
    expect(await told({}, join(folder, list))).toEqual(['WIDER_val/images/a.jpg']);
  });
});

describe('records of COCO', () => {
  const image = { id: 7, file_name: 'b.jpg', width: 40, height: 30 };
  const face = { image_id: 7, category_id: 1, bbox: [1, 2, 10, 20] };

  it('are bad one by one, told by their place in the lists', async () => {
    const images = [image, ...[8, 9, 10, 10].map(id => ({ id, file_name: `${id}.jpg`, width: 40, height: 30 })), { id: 11 }];
    const bad = { ...face, image_id: 8, bbox: [1, 2, -3, 4] };
    const annotations = [face, bad, { ...face, image_id: 9, bbox: [1, 2, 50, 4] }, { ...face, image_id: 12 }, 5];
    write({ 'annotations.json': { images: [...images, { id: 13, file_name: '../x.jpg' }], annotations } });
    const at = 'annotations.json: ';
    expect(await told()).toEqual([
      'b.jpg',
      `${at}annotations[1].bbox[2]: Expected number to be greater than 0`,
      `${at}annotations[2].bbox: the box lies outside the photograph`,
      `${at}images[4]: has the id "10" of another image`,
      `${at}images[4]: has the id "10" of another image`,
      `${at}images[5].file_name: Expected required property`,
      `${at}images[6]: "../x.jpg" names no photograph in the folder`,
      `${at}annotations[3]: is of image "12", which is not in images`,
      `${at}annotations[4]: Expected object`
    ]);
  });

  it('lie where COCO itself has them', async () => {
    write({
      'annotations/instances_val2017.json': { images: [image], annotations: [] },
      'annotations/captions_val2017.json': { images: [image], annotations: [] },
      'val2017/b.jpg': ''
    });
    expect(await told()).toEqual(['val2017/b.jpg']);
    write({ 'annotations/instances_train2017.json': { images: [], annotations: [] } });
    expect(await refusal()).toContain('(instances_train2017.json, instances_val2017.json). Name one');
    expect(await told({}, join(folder, 'annotations/instances_val2017.json'))).toEqual(['val2017/b.jpg']);
    const named = { ...image, file_name: 'val2017/b.jpg' };
    write({ 'val2017.json': { images: [named], annotations: [] } });
    expect(await told({}, join(folder, 'val2017.json'))).toEqual(['val2017/b.jpg']);
  });

  it('are of the category that is named', async () => {
    const categories = [
      { id: 1, name: 'face' },
      { id: 2, name: 'cat' }
    ];
    const annotations = [face, { ...face, category_id: 2 }, { ...face, category_id: 2 }];
    write({ 'labels.json': { images: [image], annotations, categories } });
    expect(await datasetInfo(await open({ category: 'cat' }))).toMatchObject({ images: 1, faces: 2 });
    expect(await refusal()).toContain('its boxes are of 2 categories ("face", "cat")');
  });
});

describe('records of Pascal VOC', () => {
  const object = (xmin: number | string, name = 'face', more = '') =>
    `<object><name>${name}</name>${more}<part><bndbox><xmin>9</xmin></bndbox></part>` +
    `<bndbox><xmin>${xmin}</xmin><ymin>2</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></object>`;
  const xml = (name: string, objects: string) =>
    `<?xml version="1.0"?>\n<annotation><filename>${name}.jpg</filename>\n` +
    `<size><width>40</width><height>30</height><depth>3</depth></size>\n${objects}</annotation>\n`;

  it('are photographs with boxes whose pixels count from 1, difficult ones ignored', async () => {
    write({ 'Annotations/a.xml': xml('a', object('1.0') + object(5, 'face', '<difficult>1</difficult>')) });
    expect(await records(await open())).toEqual([
      {
        ordinal: 0,
        photograph: {
          path: join(folder, 'JPEGImages/a.jpg'),
          width: 40,
          height: 30,
          truth: [
            { x1: 0, y1: 1, x2: 30, y2: 20 },
            { x1: 4, y1: 1, x2: 30, y2: 20, ignore: true }
          ]
        }
      }
    ]);
  });

  it('follow the lists, and are bad where the annotation is missing, wrong or no XML', async () => {
    const entities = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>\n<annotation>&b;</annotation>';
    write({
      'ImageSets/Main/val.txt': 'a\ngone\nswapped\noutside\nopen\n../e\nbomb\nout 1\ndeep\na\n',
      'Annotations/a.xml': xml('a', object(5)),
      'Annotations/swapped.xml': xml('b', object(35)),
      'Annotations/outside.xml': xml('c', object(-5)),
      'Annotations/open.xml': '<annotation>\n<object>',
      'Annotations/bomb.xml': entities,
      'Annotations/out.xml': xml('../../out', object(5)),
      'Annotations/deep.xml': '<a>'.repeat(100_000)
    });
    const all = await told();
    expect((await open()).folds.map(({ name }) => name)).toEqual(['val']);
    expect(all).toEqual([
      'JPEGImages/a.jpg',
      'ImageSets/Main/val.txt, line 2: Annotations/gone.xml cannot be read (ENOENT)',
      'Annotations/swapped.xml, line 4: the sides of an object are swapped',
      'Annotations/outside.xml, line 4: an object lies outside the photograph',
      expect.stringMatching(/^Annotations\/open.xml, line 2: not XML \(".*unclosed tag: object"\)$/),
      'ImageSets/Main/val.txt, line 6: "../e" names no annotation in the folder',
      expect.stringMatching(/^Annotations\/bomb.xml, line 2: not XML \(".*undefined entity.*"\)$/),
      'Annotations/out.xml: "../../out.jpg" names no photograph in the folder',
      'Annotations/deep.xml, line 1: elements are nested more than 32 deep',
      'ImageSets/Main/val.txt, line 10: the photograph JPEGImages/a.jpg was there before'
    ]);
  });

  it('are of the category that is named, which they need where there are several', async () => {
    write({ 'Annotations/a.xml': xml('a', object(5)), 'Annotations/b.xml': xml('b', object(5, 'cat') + object(6)) });
    expect(await refusal()).toContain('objects of several categories ("face", "cat")');
    expect(await datasetInfo(await open({ category: 'face' }))).toMatchObject({ images: 2, faces: 2 });
  });
});

describe('a data set', () => {
  it('has a digest of its labels: of names, contents and category, not of the folder they lie in', async () => {
    const xml = '<annotation><object><name>a</name></object></annotation>';
    write({ [`one/${ellipses}`]: 'a\n0\n', [`two/${ellipses}`]: 'a\n0\n', 'voc/Annotations/a.xml': xml });
    const digest = async (name: string, options?: DatasetOptions) => (await open(options, join(folder, name))).digest();
    const first = await digest('one');
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await digest('two')).toBe(first);
    write({ [`two/${ellipses}`]: 'b\n0\n' });
    expect(await digest('two')).not.toBe(first);
    expect(await digest('voc', { category: 'a' })).not.toBe(await digest('voc'));
  });

  it('is refused in one line where there is none, where there are two, and with a category that its format has not', async () => {
    expect(await refusal({}, join(folder, 'nowhere'))).toContain('nowhere cannot be read (ENOENT)');
    expect(await refusal()).toContain('no labels in a format that is known here.');
    write({ [ellipses]: 'a\n0\n', 'Annotations/a.xml': '<annotation/>' });
    expect(await refusal()).toContain('looks like fddb and like voc.');
    expect(await refusal({ format: 'fddb', category: 'face' })).toContain('faces have no category in this format');
    expect(await told({ format: 'fddb' })).toEqual(['originalPics/a.jpg']);
  });

  const name = 'of FDDB has 2845 images and 5171 faces, ordinals without a gap, no bad records';
  (existsSync(FDDB) ? it : it.skip)(existsSync(FDDB) ? name : `${name} (no ../shared/data/fddb-annotations here)`, async () => {
    const dataset = await open({}, FDDB);
    expect(await datasetInfo(dataset)).toMatchObject({ format: 'fddb', images: 2845, faces: 5171, bad: 0 });
    let next = 0;
    for (const [index] of dataset.folds.entries()) {
      (await records(dataset, index)).forEach(({ ordinal }) => expect(ordinal).toBe(next++));
    }
    expect(next).toBe(2845);
  });
});
