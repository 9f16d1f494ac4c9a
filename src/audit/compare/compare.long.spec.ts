import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { DIGITS, writeDigits } from '../../../test/models/digits';
import { modelWithArtefact } from '../../../test/support/artefact';
import { Normals } from '../../learning/normals';
import { blurBoxes } from './blur';
import { compareMethods, comparisonHtml, comparisonTable, type MethodComparison, type MethodRow } from '.';
import { laplacian } from './noises';
import { strongestThatKeeps } from './strength';

describe('the strength of a method', () => {
  it('is the largest that keeps the target, whatever the scale', () =>
    fc.assert(
      fc.asyncProperty(fc.double({ min: 0.01, max: 9.9, noNaN: true }), fc.boolean(), async (edge, linear) => {
        const kept = async (strength: number) => (strength <= edge ? 0.952 : 0.5);
        const found = await strongestThatKeeps(0.95, { range: [0.01, 10], linear }, kept);
        expect(found).toMatchObject({ retained: 0.952, bounded: false });
        expect(found!.strength).toBeLessThanOrEqual(edge);
      })
    ));

  it('is none where the weakest keeps too little, and the strongest where that keeps enough', async () => {
    expect(await strongestThatKeeps(0.95, { range: [0.1, 1] }, async () => 0.9)).toBeNull();
    expect(await strongestThatKeeps(0.95, { range: [0.1, 1] }, async () => 0.99)).toEqual({
      strength: 1,
      retained: 0.99,
      bounded: true
    });
  });
});

it('Laplace noise has the moments of its law', async () => {
  const values = laplacian(await Normals.open(1, 'test'), 200_000);
  const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
  expect(moment(1)).toBeCloseTo(0, 1);
  expect(moment(2)).toBeCloseTo(2, 1);
  expect(moment(4) / moment(2) ** 2).toBeGreaterThan(5.5);
  expect(moment(4) / moment(2) ** 2).toBeLessThan(6.5);
});

it('blur changes what lies in the boxes and nothing else', async () => {
  const [width, height] = [40, 30];
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 2654435761) >>> 24);
  const blurred = await blurBoxes({ data, width, height }, [{ x1: 30, y1: 20, x2: 39.5, y2: 40 }], 0.5);
  const changed = (x: number, y: number) =>
    [0, 1, 2].some(c => blurred[3 * (y * width + x) + c] !== data[3 * (y * width + x) + c]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x < 29 || y < 18) {
        expect(changed(x, y)).toBe(false);
      }
    }
  }
  expect(changed(35, 25)).toBe(true);
});

describe('a comparison', () => {
  jest.setTimeout(300_000);
  let folder: string;
  let request: MethodComparison;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veilbook-compare-'));
    const images = join(folder, 'digits');
    await mkdir(images);
    await writeDigits(images, 240);
    const model = await modelWithArtefact(draft => draft, DIGITS);
    const methods = ['gaussian', 'bank', 'veilbook'] as const;
    request = { model, images, labels: null, methods, target: 0.8, steps: 4, seed: 0, out: join(folder, 'rows.jsonl') };
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('finds what each method leaves at the same accuracy, and goes on where it was stopped', async () => {
    const rows = await compareMethods(request, () => () => undefined);
    expect(rows.map(({ question }) => question.method)).toEqual(request.methods);
    const [white, bank, own] = rows.map(({ measured }) => measured!);
    for (const { retained, strongest, a1, a2, reid } of [white, bank, own]) {
      expect(retained).toBeGreaterThanOrEqual(0.8);
      expect(strongest.r2).toBe(Math.max(a1.r2, a2.r2));
      expect(reid.top1).toBeLessThanOrEqual(1);
      expect(a1.faces).toBeNull();
    }
    // Who has the bank has no noise before him.
    expect(bank.a1.r2).toBeCloseTo(rows[0].clean.linear_r2, 2);
    expect(white.a1.r2).not.toBeCloseTo(bank.a1.r2, 2);
    expect(own.strength).toBeGreaterThanOrEqual(0.1);
    const before = await readFile(request.out!, 'utf8');
    expect(await compareMethods(request, () => () => undefined)).toEqual(rows);
    expect(await readFile(request.out!, 'utf8')).toBe(before);
    check(rows);
  });

  it('blurs nothing, and holds nothing against labels, where the model finds no boxes', async () => {
    await expect(compareMethods({ ...request, methods: ['blur'] }, () => () => undefined)).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('nothing to blur')
    });
    await expect(compareMethods({ ...request, labels: folder }, () => () => undefined)).rejects.toMatchObject({
      code: 'bad_request'
    });
  });

  function check(rows: readonly MethodRow[]): void {
    const table = comparisonTable([...rows, { ...rows[0], measured: null }]).join('\n');
    expect(table).toContain('Quoted from others, not measured here');
    expect(table).toContain('< 80.0%');
    const page = comparisonHtml(rows, 'veilbook <b>');
    expect(page).toContain('Bank of 20 fixed noise tensors');
    expect(page).toContain('veilbook &lt;b&gt;');
    expect(page.replaceAll(/xmlns="[^"]*"/g, '')).not.toMatch(/https?:|<script|NaN|undefined/);
  }
});
