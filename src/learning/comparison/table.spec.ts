import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Family } from './families';
import { Rows, type Row } from './row';
import { markdownOf, tablesOf } from './table';

function rowOf(family: Family, seed: number, alpha: number, decoder: number): Row {
  const side = (parts: Row['sides'][number]['parts'], ap: number) => ({
    parts,
    ap,
    retained: ap / 0.8,
    interval: [0, 1] as [number, number],
    agreement: ap
  });
  return {
    schema: 1,
    program: 'abc',
    question: {
      model: { name: 'small', head_sha256: 'h', tail_sha256: 't' },
      images_sha256: 'i',
      labels_sha256: 'l',
      alpha,
      seed,
      family,
      steps: 20
    },
    images: { fit: 512, select: 64, held_out: 128, labelled: 150 },
    clean: { linear: { fit: 0.91, held_out: 0.9 + seed / 100 }, ap: 0.8 },
    cost: 3,
    linear: { fit: 0.182, held_out: 0.18 },
    decoder: { r2: decoder, interval: [0.1, 0.3], detail: 0.02 },
    sides: [side(['filter'], 0.4), side(['filter', 'denoiser'], 0.6)],
    seconds: 9
  };
}

describe('tables of a comparison', () => {
  const rows = [rowOf('refined', 0, 0.8, 0.2), rowOf('isotropic', 0, 0.8, 0.3), rowOf('refined', 1, 0.8, 0.25)];

  it('hold means and extremes over seeds, families from simple to learned', () => {
    const [table, other] = tablesOf([...rows, rowOf('refined', 0, 0.4, 0.5)]);
    expect(table.families.map(({ family, seeds }) => [family, seeds])).toEqual([
      ['isotropic', [0]],
      ['refined', [0, 1]]
    ]);
    expect(table.families[1].columns.decoder).toEqual({ mean: 0.225, min: 0.2, max: 0.25 });
    expect(table.clean.linear_held_out).toMatchObject({ min: 0.9, max: 0.91 });
    expect(other.about.alpha).toBe(0.4);
  });

  it('give a tail that needed no training what was there before it', () => {
    const { columns } = tablesOf(rows)[0].families[0];
    expect(columns.ap_tail).toEqual(columns.ap_denoiser);
    expect(columns.retained_denoiser.mean).toBeCloseTo(0.75, 12);
  });

  it('read as Markdown', () => {
    const lines = markdownOf(tablesOf(rows)[0]).trimEnd().split('\n');
    expect(lines.at(-1)).toContain('| refined | 2 | .182 | .180 | .225 (.200….250) | .400 | .600 | .600 | .500 | .750 |');
    const columns = lines.slice(-4).map(line => line.split('|').length);
    expect(new Set(columns).size).toBe(1);
    expect(lines[0]).toContain('small, ALPHA 0.8 by the linear attacker');
  });
});

describe('rows that are kept', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veilbook-rows-'));
    path = join(folder, 'rows.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are found again by their question, and by no other', async () => {
    const row = rowOf('radial', 1, 0.8, 0.2);
    await (await Rows.open(path)).add(row);
    const again = await Rows.open(path);
    expect(again.of({ ...row.question })).toEqual(row);
    expect(again.of({ ...row.question, seed: 2 })).toBeUndefined();
    expect(again.of({ ...row.question, images_sha256: 'other' })).toBeUndefined();
  });

  it('lose a last line that was cut off, and nothing else', async () => {
    const row = rowOf('radial', 1, 0.8, 0.2);
    await (await Rows.open(path)).add(row);
    const whole = await readFile(path, 'utf8');
    await appendFile(path, '{"schema":1,"pro');
    expect((await Rows.open(path)).all).toEqual([row]);
    expect(await readFile(path, 'utf8')).toBe(whole);
  });

  it('are refused a place that cannot be written before anything is measured', () =>
    expect(Rows.open(join(folder, 'missing', 'rows.jsonl'))).rejects.toMatchObject({ code: 'output_unwritable' }));

  it('are not taken from a file of something else', async () => {
    await writeFile(path, '{"schema":2}\n');
    await expect(Rows.open(path)).rejects.toMatchObject({ code: 'bad_request', message: expect.stringContaining('line 1') });
  });
});
