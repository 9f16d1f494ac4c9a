import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import fc from 'fast-check';
import { Random } from '../../numerics/random';
import { VeilError } from '../../protocol';
import { openDataset, type DatasetFormat, type DatasetRecord } from '.';
import { SeenNames } from './seen-names';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-hostile-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}

async function records(format: DatasetFormat): Promise<DatasetRecord[]> {
  const all: DatasetRecord[] = [];
  for (const fold of (await openDataset(folder, { format })).folds) {
    for await (const record of fold.records()) {
      all.push(record);
    }
  }
  return all;
}

const image = (id: number) => ({ id, file_name: `${id}.jpg`, width: 60, height: 50 });
const label = (image_id: number) => ({ image_id, category_id: 1, bbox: [1, 2, 10, 20], iscrowd: 0 });
const GOOD: Record<DatasetFormat, [file: string, text: string]> = {
  fddb: ['FDDB-fold-01-ellipseList.txt', 'a/b\n2\n20 10 0.5 100 50 1\n9 10 -1e0 10 5 1\nc\n0\nd\n1\n20 10 0 100 50 1\n'],
  wider: ['wider_face_val_bbx_gt.txt', 'a/b.jpg\n1\n1 2 30 40 0 0 0 1 0 0 \nc.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \nd.jpg\n0\n'],
  coco: [
    'labels.json',
    JSON.stringify({ images: [1, 2, 3].map(image), annotations: [1, 2, 2].map(label), categories: [{ id: 1, name: 'face' }] })
  ],
  voc: [
    'Annotations/a.xml',
    '<?xml version="1.0"?><annotation><filename>a.jpg</filename><size><width>60</width></size><object><name>face</name>' +
      '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></object></annotation>'
  ]
};
const PIECES = [
  '..',
  '/',
  '\\',
  '\n',
  '\0',
  '-',
  '1e999',
  'NaN',
  '0x1f',
  '999999999999',
  ' ',
  '"',
  '&a;',
  '<object>',
  '[',
  'null',
  '\u202e',
  '\ud800'
];

/** Some bytes away, some pieces in. */
function damaged(text: string, random: Random): string {
  for (let times = 1 + random.integer(4); times > 0; times--) {
    const at = random.integer(text.length + 1);
    const piece = random.integer(3) === 0 ? '' : PIECES[random.integer(PIECES.length)];
    text = text.slice(0, at) + piece + text.slice(at + random.integer(6));
  }
  return text;
}

describe('damaged labels', () => {
  it.each(Object.keys(GOOD) as DatasetFormat[])(
    'of %s are read or refused, and never give what cannot be judged',
    async format => {
      const [file, text] = GOOD[format];
      await fc.assert(
        fc.asyncProperty(fc.nat(), async seed => {
          write(file, damaged(text, new Random(seed)));
          const all = await records(format).catch(thrown => {
            expect(thrown).toBeInstanceOf(VeilError);
            expect(['bad_request', 'not_found']).toContain(thrown.code);
            return [];
          });
          all.forEach((record, i) => {
            expect(record.ordinal).toBe(i);
            if ('bad' in record) {
              expect(`${record.bad.place} ${record.bad.message}`).not.toMatch(/\n|\u202e|\0/);
              return;
            }
            const { path, truth, ellipses } = record.photograph;
            expect(path.startsWith(folder + sep) && !path.split(sep).includes('..')).toBe(true);
            for (const { x1, y1, x2, y2 } of truth) {
              expect([x1, y1, x2, y2].every(Number.isFinite) && x1 <= x2 && y1 <= y2).toBe(true);
            }
            expect(ellipses?.length ?? truth.length).toBe(truth.length);
          });
        }),
        { seed: 20240607, numRuns: 120 }
      );
    }
  );

  it.each(Object.keys(GOOD) as DatasetFormat[])('of %s: what is no file is not waited for', async format => {
    const [file, text] = GOOD[format];
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    symlinkSync('/dev/zero', join(folder, file));
    const told = () =>
      records(format).then(
        all => all.map(record => ('bad' in record ? record.bad.message : 'read')).join(),
        (error: VeilError) => error.line
      );
    expect(await told()).toMatch(/not a file|no labels in a format/);
    rmSync(join(folder, file));
    execFileSync('mkfifo', [join(folder, file)]);
    expect(await told()).toMatch(/not a file|no labels in a format/);
    rmSync(join(folder, file));
    write(file, text);
    expect(await told()).toContain('read');
  });
});

describe('names that were seen', () => {
  it('are those that were added', () =>
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 400 }), names => {
        const [seen, wanted] = [new SeenNames(), new Set<string>()];
        for (const name of names) {
          expect(seen.add(name)).toBe(!wanted.has(name));
          wanted.add(name);
        }
        names.forEach(name => expect(seen.has(name)).toBe(true));
        expect(seen.has('a longer name')).toBe(false);
      }),
      { seed: 20240607, numRuns: 50 }
    ));
});
