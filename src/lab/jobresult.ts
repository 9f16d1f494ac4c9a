import type { BatchResult } from '../protocol';

/** One fold, or with `alphas` one at each of several strengths; counts are null where the log alone is left. */
export interface FoldRow {
  fold: string;
  ap: number | null;
  images: number | null;
}

export interface StrengthRow {
  /** Null: without noise. */
  alpha: number | null;
  average_ap: number | null;
  retained: number | null;
  leakage: number | null;
  folds: FoldRow[];
}

export type ResultTable =
  | { kind: 'folds'; folds: FoldRow[]; average: number | null }
  | { kind: 'strengths'; rows: StrengthRow[] }
  /** Nothing that could be read as a table: the lines as they are. */
  | { kind: 'lines'; lines: string[] };

/** A result as a table: of its document, else of the report's closing lines. What was read from a log may be anything. */
export function tableOf({ document, lines, average_ap: average }: BatchResult): ResultTable {
  if (document && Array.isArray(document.rows)) {
    const clean = document.clean ? [strengthOf(document.clean, null)] : [];
    return { kind: 'strengths', rows: [...clean, ...document.rows.map(row => strengthOf(row, numberOf(fieldsOf(row).alpha)))] };
  }
  const folds = document ? foldsOf(document.folds) : lines.flatMap(foldIn);
  return folds.length > 0 ? { kind: 'folds', folds, average } : { kind: 'lines', lines };
}

function strengthOf(row: unknown, alpha: number | null): StrengthRow {
  const fields = fieldsOf(row);
  const average = numberOf(fields.average_ap);
  const retained = alpha === null ? (average === null ? null : 1) : numberOf(fields.retained);
  return { alpha, average_ap: average, retained, leakage: numberOf(fields.leakage), folds: foldsOf(fields.folds) };
}

function foldsOf(value: unknown): FoldRow[] {
  return (Array.isArray(value) ? value : [])
    .map(fieldsOf)
    .map(({ fold, ap, images }) => ({ fold: String(fold), ap: numberOf(ap), images: numberOf(images) }));
}

/** `FDDB-fold-1 Val AP: 0.94…` */
function foldIn(line: string): FoldRow[] {
  const found = /^(.+) Val AP: (\S+)/.exec(line);
  return found ? [{ fold: found[1], ap: numberOf(Number(found[2])), images: null }] : [];
}

const fieldsOf = (value: unknown): Record<string, unknown> => (value ?? {}) as Record<string, unknown>;
const numberOf = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
