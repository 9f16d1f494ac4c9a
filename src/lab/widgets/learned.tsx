import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { LearnReport } from '../../protocol';

interface LearnedTableProps {
  report: LearnReport;
  /** Whether the model has this artefact now. */
  installed: boolean;
  trans: TranslationBundle;
}

/** What each ALPHA protects and what it costs, as it was measured. */
export function LearnedTable({ report, installed, trans }: LearnedTableProps): JSX.Element {
  const { fit, select, held_out: heldOut } = report.images;
  return (
    <>
      <table className="jp-Veilbook-learned">
        <thead>
          <tr>
            <th scope="col">{trans.__('ALPHA')}</th>
            <th scope="col">{trans.__('attacker recovers')}</th>
            <th scope="col">{trans.__('agreement')}</th>
            <th scope="col" className="jp-mod-wide">
              {trans.__('server side')}
            </th>
          </tr>
        </thead>
        <tbody>
          {report.knots.map(({ alpha, measured_alpha, linear_r2, decoder_r2, agreement_ap, server }) => (
            <tr key={alpha}>
              <th scope="row" title={trans.__('measured %1', measured_alpha.toFixed(3))}>
                {alpha}
              </th>
              <td>{percent(Math.max(linear_r2, decoder_r2))}</td>
              <td>{percent(agreement_ap)}</td>
              <td className="jp-mod-wide">{server.join(' + ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="jp-Veilbook-meaning">
        {trans.__(
          "The stronger of the attackers tried, on %1 photographs that were held out of %2; agreement with the clean model's answers. Not encryption.",
          heldOut,
          fit + select + heldOut
        )}
      </p>
      {report.notices.length > 0 && (
        <ul className="jp-Veilbook-notices" aria-label={trans.__('Notices of the learning')}>
          {report.notices.map(notice => (
            <li key={notice} className="jp-Veilbook-notice">
              {notice}
            </li>
          ))}
        </ul>
      )}
      {!installed && <p className="jp-Veilbook-learnPath">{report.artefact.path}</p>}
    </>
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`;
}
