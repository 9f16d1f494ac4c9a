import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { BatchFigures, BatchResult } from '../../protocol';
import { tableOf, type FoldRow, type StrengthRow } from '../jobresult';

interface JobResultProps {
  result: BatchResult;
  figures: BatchFigures | null;
  trans: TranslationBundle;
}

/** What a Job found: a table of folds, or of strengths with its chart; what was left out stands with it. */
export function JobResult({ result, figures, trans }: JobResultProps): JSX.Element {
  const table = tableOf(result);
  return (
    <>
      {figures && <Chart figures={figures} trans={trans} />}
      {table.kind === 'strengths' && <Strengths rows={table.rows} trans={trans} />}
      {table.kind === 'folds' && <Folds folds={table.folds} average={table.average} trans={trans} />}
      {table.kind === 'lines' && (
        <pre className="jp-Veilbook-logTail" tabIndex={0} aria-label={trans.__('Closing lines of the log')}>
          {table.lines.join('\n')}
        </pre>
      )}
      {result.bad !== 0 && (
        <p className="jp-Veilbook-notice">
          {result.bad === null
            ? trans.__('Some images could not be used and are left out; the log says which.')
            : trans._n(
                '%1 image could not be used and is left out.',
                '%1 images could not be used and are left out.',
                result.bad
              )}
        </p>
      )}
    </>
  );
}

/** Drawn by the sidecar out of checked numbers; for one width or the other. The table says the same in figures. */
function Chart({ figures, trans }: { figures: BatchFigures; trans: TranslationBundle }): JSX.Element {
  const label = trans.__('Accuracy and leakage over ALPHA: a chart of the figures in the table below');
  const drawn = (svg: string, width: string) => (
    <div className={`jp-mod-${width}`} role="img" aria-label={label} dangerouslySetInnerHTML={{ __html: svg }} />
  );
  return (
    <figure className="jp-Veilbook-figure">
      {drawn(figures.narrow, 'narrow')}
      {drawn(figures.wide, 'wide')}
    </figure>
  );
}

function Strengths({ rows, trans }: { rows: readonly StrengthRow[]; trans: TranslationBundle }): JSX.Element {
  const nameOf = ({ alpha }: StrengthRow) => (alpha === null ? trans.__('clean') : String(alpha));
  const folds = rows[0]?.folds ?? [];
  return (
    <>
      <table className="jp-Veilbook-learned">
        <thead>
          <tr>
            <th scope="col">{trans.__('ALPHA')}</th>
            <th scope="col">{trans.__('average AP')}</th>
            <th scope="col">{trans.__('retained')}</th>
            <th scope="col">{trans.__('recovered')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={nameOf(row)}>
              <th scope="row">{nameOf(row)}</th>
              <td>{precision(row.average_ap)}</td>
              <td>{percent(row.retained)}</td>
              <td>{percent(row.leakage)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="jp-Veilbook-meaning">
        {trans.__(
          'Recovered: by the strongest attacker of the artefact, measured when it was learned; – where that was not measured. Not encryption.'
        )}
      </p>
      {folds.length > 1 && (
        <details className="jp-Veilbook-jobMore">
          <summary>{trans._n('%1 fold', '%1 folds', folds.length)}</summary>
          <div
            className="jp-Veilbook-jobScroll"
            tabIndex={0}
            role="region"
            aria-label={trans.__('Average precision of each fold')}
          >
            <table className="jp-Veilbook-learned">
              <thead>
                <tr>
                  <th scope="col">{trans.__('fold')}</th>
                  {rows.map(row => (
                    <th key={nameOf(row)} scope="col">
                      {nameOf(row)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {folds.map(({ fold }, at) => (
                  <tr key={fold}>
                    <th scope="row">{fold}</th>
                    {rows.map(row => (
                      <td key={nameOf(row)}>{precision(row.folds[at]?.ap ?? null)}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </>
  );
}

interface FoldsProps {
  folds: readonly FoldRow[];
  average: number | null;
  trans: TranslationBundle;
}

function Folds({ folds, average, trans }: FoldsProps): JSX.Element {
  const counted = folds.some(({ images }) => images !== null);
  return (
    <table className="jp-Veilbook-learned">
      <thead>
        <tr>
          <th scope="col">{trans.__('fold')}</th>
          <th scope="col">{trans.__('AP')}</th>
          {counted && <th scope="col">{trans.__('images')}</th>}
        </tr>
      </thead>
      <tbody>
        {folds.map(({ fold, ap, images }) => (
          <tr key={fold}>
            <th scope="row">{fold}</th>
            <td>{precision(ap)}</td>
            {counted && <td>{images ?? '–'}</td>}
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{trans.__('average')}</th>
          <td>{precision(average)}</td>
          {counted && <td />}
        </tr>
      </tfoot>
    </table>
  );
}

const precision = (ap: number | null) => (ap === null ? '–' : ap.toFixed(4));
const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(1)}%`);
