/** Columns under a ruler of dashes, two spaces between them: the toolkit's own format, so that what reads its lists reads these. */
export function tableOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map(row => row[at].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at]))
      .join('  ')
      .trimEnd();
  return [columns, widths.map(width => '-'.repeat(width)), ...rows].map(line).join('\n');
}
