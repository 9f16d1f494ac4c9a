import { METHODS, QUOTED } from './methods';
import { type MethodRow } from './row';

const HEADER = ['method', 'strength', 'kept', 'recovered', '95% interval', 'by', 'A1', 'A2', 'detail', 'faces', 'found'];

/** What a person reads after a comparison: a line a method, then what was quoted. */
export function comparisonTable(rows: readonly MethodRow[]): string[] {
  const [{ question, images, clean }] = rows;
  const kept =
    question.labels_sha256 === null ? "agreement with the clean model's own answers" : 'average precision, of that without noise';
  const cells = [HEADER, ...rows.map(cellsOf)];
  const widths = HEADER.map((_, column) => Math.max(...cells.map(row => row[column].length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 || i === 5 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  return [
    `${question.model.name}: every method as strong as it may be while ${percent(question.target)} is kept`,
    '',
    ...cells.map(line),
    '',
    `kept       ${kept}, on ${images.judged} photographs`,
    `recovered  share of the variance of ${images.attacked} photographs that the strongest of these attacks recovers (linear, clean: ${percent(clean.linear_r2)}):`,
    `           A1, linear over the whole field, and A2, a decoder trained for each method alone (${question.steps} steps, ${images.train} photographs);`,
    '           of a blurred picture also the picture as it was sent. detail: of differences between neighbouring pixels;',
    '           faces: within the boxes of the clean model; found: the photograph is named right among all attacked',
    'Measured against these attacks; not encryption. Noise on the activation is filtered by the server in every row.',
    '',
    'Quoted from others, not measured here; these hide the picture itself from the server:',
    ...QUOTED.flatMap(({ title, accuracy, cost, hidden, source }) => [
      `  ${title}: ${hidden}`,
      `    ${accuracy}; ${cost} [${source}]`
    ])
  ];
}

function cellsOf({ question, measured }: MethodRow): string[] {
  const { title } = METHODS[question.method];
  if (!measured) {
    return [title, 'none', `< ${percent(question.target)}`, ...new Array<string>(HEADER.length - 3).fill('')];
  }
  const { strength, retained, bounded, a1, a2, as_sent, strongest, reid } = measured;
  const best = [a1, a2, ...(as_sent ? [as_sent] : [])];
  const most = (of: (leak: typeof a1) => number) => Math.max(...best.map(of));
  return [
    title,
    `${strength.toPrecision(3)}${bounded ? ' (most)' : ''}`,
    percent(retained),
    percent(strongest.r2),
    `${(100 * strongest.ci[0]).toFixed(1)} to ${percent(strongest.ci[1])}`,
    strongest.name,
    percent(a1.r2),
    percent(a2.r2),
    percent(most(({ detail }) => detail)),
    a1.faces === null ? '' : percent(most(({ faces }) => faces ?? -Infinity)),
    percent(reid.top1)
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
