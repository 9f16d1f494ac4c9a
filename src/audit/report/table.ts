import { html, trusted, type Html } from './html';

/** A row of a table: its heading, then the other cells. */
export type Cell = Html | string | number | null;

interface Table {
  caption: string;
  /** Those that begin with # are of numbers. */
  columns: readonly string[];
  rows: readonly { cells: readonly Cell[]; strong?: boolean }[];
}

/** A table that scrolls by itself where a screen is narrow. */
export function table({ caption, columns, rows }: Table): Html {
  const numeric = columns.map(column => column.startsWith('#'));
  const kind = (i: number) => (numeric[i] ? trusted(' class="n"') : null);
  return html`<p class="caption">${caption}</p>
    <div class="scroll" role="region" tabindex="0" aria-label="${caption}">
      <table aria-label="${caption}">
        <thead>
          <tr>
            ${columns.map((column, i) => html`<th scope="col" ${kind(i)}>${column.replace(/^#/, '')}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ cells, strong }) =>
              html`<tr${strong ? trusted(' class="strongest"') : null}>${cells.map((cell, i) =>
                i === 0 ? html`<th scope="row" ${kind(i)}>${cell}</th>` : html`<td${kind(i)}>${cell}</td>`
              )}</tr>`
          )}
        </tbody>
      </table>
    </div>`;
}
