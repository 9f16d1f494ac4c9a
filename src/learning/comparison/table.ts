import { FAMILIES, type Family } from './families';
import { type Question, type Row } from './row';

/** Over seeds. */
export interface Summary {
  mean: number;
  min: number;
  max: number;
}

/** Families side by side: one model, one ALPHA, the same photographs and training. */
export interface Table {
  about: Omit<Question, 'seed' | 'family'>;
  clean: { linear_fit: Summary; linear_held_out: Summary; ap: number };
  images: Row['images'];
  families: { family: Family; seeds: number[]; columns: Record<Column, Summary> }[];
}

const SIDES = ['filter', 'denoiser', 'tail'] as const;
type Column =
  'cost' | 'linear_fit' | 'linear_held_out' | 'decoder' | `${'ap' | 'retained' | 'agreement'}_${(typeof SIDES)[number]}`;

/** Tables of rows, in the order in which models and strengths come up; families from simple to learned. */
export function tablesOf(rows: readonly Row[]): Table[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify(aboutOf(row));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(group => {
    const of = (family: Family) => group.filter(({ question }) => question.family === family);
    return {
      about: aboutOf(group[0]),
      clean: {
        linear_fit: summary(group.map(({ clean }) => clean.linear.fit)),
        linear_held_out: summary(group.map(({ clean }) => clean.linear.held_out)),
        ap: group[0].clean.ap
      },
      images: group[0].images,
      families: FAMILIES.filter(family => of(family).length > 0).map(family => ({
        family,
        seeds: of(family).map(({ question }) => question.seed),
        columns: columnsOf(of(family))
      }))
    };
  });
}

function aboutOf({ question: { model, images_sha256, labels_sha256, alpha, steps } }: Row): Table['about'] {
  return { model, images_sha256, labels_sha256, alpha, steps };
}

function columnsOf(rows: readonly Row[]): Record<Column, Summary> {
  const over = (value: (row: Row) => number) => summary(rows.map(value));
  // Where a server needs nothing beyond the filter nothing else is trained: it keeps what it has.
  const side = (row: Row, at: number) => row.sides[Math.min(at, row.sides.length - 1)];
  const ofSides = SIDES.flatMap((name, at) =>
    (['ap', 'retained', 'agreement'] as const).map(value => [`${value}_${name}`, over(row => side(row, at)[value])])
  );
  return {
    cost: over(({ cost }) => cost),
    linear_fit: over(({ linear }) => linear.fit),
    linear_held_out: over(({ linear }) => linear.held_out),
    decoder: over(({ decoder }) => decoder.r2),
    ...Object.fromEntries(ofSides)
  };
}

function summary(values: readonly number[]): Summary {
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    min: Math.min(...values),
    max: Math.max(...values)
  };
}

const HEADINGS: [heading: string, column: Column][] = [
  ['linear R2, fit', 'linear_fit'],
  ['linear R2', 'linear_held_out'],
  ['decoder R2', 'decoder'],
  ['AP: filter', 'ap_filter'],
  ['+ denoiser', 'ap_denoiser'],
  ['+ tail', 'ap_tail'],
  ['retained: filter', 'retained_filter'],
  ['+ denoiser', 'retained_denoiser'],
  ['+ tail', 'retained_tail'],
  ['agreement: filter', 'agreement_filter'],
  ['+ denoiser', 'agreement_denoiser'],
  ['+ tail', 'agreement_tail']
];

/** A table in Markdown: means over seeds, and the least and largest where there are several. */
export function markdownOf({ about, clean, images, families }: Table): string {
  const lines = [
    `**${about.model.name}, ALPHA ${about.alpha} by the linear attacker.** Clean: linear R2 ${cell(clean.linear_fit)} on the`,
    `photographs it was fitted to, ${cell(clean.linear_held_out)} on others; AP ${digits(clean.ap)}. ${images.fit} photographs to fit,`,
    `${images.held_out} held out for R2, ${images.labelled} labelled ones for AP; decoders trained for ${about.steps} steps. Mean over`,
    'seeds (least…largest).',
    '',
    `| noise | seeds | ${HEADINGS.map(([heading]) => heading).join(' | ')} |`,
    `|---|---|${HEADINGS.map(() => '---|').join('')}`,
    ...families.map(
      ({ family, seeds, columns }) =>
        `| ${family} | ${seeds.length} | ${HEADINGS.map(([, column]) => cell(columns[column])).join(' | ')} |`
    )
  ];
  return `${lines.join('\n')}\n`;
}

function cell({ mean, min, max }: Summary): string {
  return min === max ? digits(mean) : `${digits(mean)} (${digits(min)}…${digits(max)})`;
}

/** Three decimals, without a leading zero. */
function digits(value: number): string {
  return value.toFixed(3).replace(/^(-?)0(?=\.)/, '$1');
}
