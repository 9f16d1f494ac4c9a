import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { downloadIcon, errorIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { DepartureRow, Verdict } from '../../protocol';
import { CommandIDs } from '../commands';
import type { KnownLedger } from '../model/ledger';
import { hostOf, outcomeOf, protectionOf, warningOf } from '../serverwords';
import { sizeOf } from '../snapshotname';
import type { IServersModel } from '../tokens';
import { Message } from './states';
import type { Execute } from './workspace';

interface DeparturesProps {
  model: IServersModel;
  execute: Execute;
  trans: TranslationBundle;
}

/** What left last, newest first, and whether the record of it is whole. */
export function Departures({ model, execute, trans }: DeparturesProps): JSX.Element {
  const { ledger, verifying, hasMore, outage } = model;
  const check = (
    <button
      type="button"
      className="jp-Veilbook-link"
      disabled={verifying || outage !== null}
      onClick={() => execute(CommandIDs.verifyLedger)}
    >
      {verifying ? trans.__('Checking…') : trans.__('Check again')}
    </button>
  );
  return (
    <section className="jp-Veilbook-serverPart" aria-label={trans.__('What left')} aria-busy={verifying}>
      <h3>{trans.__('What left')}</h3>
      {ledger === null ? (
        <p className="jp-Veilbook-asking" role="status">
          {trans.__('The ledger is being read…')}
        </p>
      ) : ledger.page.head === null && !ledger.page.unreadable && !ledger.verdict ? (
        <p className="jp-Veilbook-hint">{trans.__('Nothing ever left from here: there is no ledger yet.')}</p>
      ) : (
        <>
          <Verified ledger={ledger} trans={trans}>
            {check}
          </Verified>
          {ledger.page.departures.length > 0 && (
            <ol className="jp-Veilbook-departures" aria-label={trans.__('Departures, newest first')}>
              {ledger.page.departures.map(row => (
                <Departure key={row.entry} row={row} disabled={outage !== null} execute={execute} trans={trans} />
              ))}
            </ol>
          )}
          {hasMore && (
            <button type="button" className="jp-Veilbook-link" onClick={() => void model.more().catch(() => undefined)}>
              {trans.__('Show earlier ones')}
            </button>
          )}
        </>
      )}
    </section>
  );
}

interface VerifiedProps {
  ledger: KnownLedger;
  /** The way to look again. */
  children: React.ReactNode;
  trans: TranslationBundle;
}

function Verified({ ledger, children, trans }: VerifiedProps): JSX.Element {
  const { page, verdict, verified } = ledger;
  if (verdict && !verdict.ok) {
    return (
      <Message
        icon={errorIcon}
        alert
        title={trans.__('The ledger was changed')}
        text={verdict.findings.map(finding => placed(finding, trans)).join(' · ')}
        remedy={[
          trans._n('Up to there it has %1 entry.', 'Up to there it has %1 entries.', verdict.entries),
          trans.__('Keep %1 for whoever reviews it and move it away; a new ledger then begins.', page.folder)
        ].join(' ')}
      >
        {children}
      </Message>
    );
  }
  return (
    <>
      {page.unreadable && (
        <p className="jp-Veilbook-refusal" role="alert">
          {page.unreadable.message} {page.unreadable.remedy}
        </p>
      )}
      {verdict && (
        <p className="jp-Veilbook-verdict">
          <span className="jp-Veilbook-dot" aria-hidden="true" />
          <span>
            {trans._n('The chain is whole: %1 entry', 'The chain is whole: %1 entries', verdict.entries)}
            {verdict.clean > 0 && <>, {trans._n('%1 of them clean', '%1 of them clean', verdict.clean)}</>}
            {verified && <> · {trans.__('checked %1', Time.formatHuman(verified))}</>} · {children}
          </span>
        </p>
      )}
    </>
  );
}

function placed({ file, line, what }: Verdict['findings'][number], trans: TranslationBundle): string {
  return line === null ? trans.__('%1: %2', file, what) : trans.__('%1, line %2: %3', file, line, what);
}

interface DepartureProps {
  row: DepartureRow;
  disabled: boolean;
  execute: Execute;
  trans: TranslationBundle;
}

function Departure({ row, disabled, execute, trans }: DepartureProps): JSX.Element {
  const { entry, time, server_model: model, bytes, snapshot } = row;
  const warning = warningOf(row, trans);
  const label = trans.__('Download the receipt of entry %1', entry);
  return (
    <li className="jp-Veilbook-departure" data-outcome={row.outcome}>
      <span className="jp-Veilbook-serverModel" title={row.destination}>
        {hostOf(row)}
      </span>
      <time className="jp-Veilbook-aside" dateTime={time} title={Time.format(time)}>
        {Time.formatHuman(time, 'narrow')}
      </time>
      <span className="jp-Veilbook-serverFacts">
        {warning && <span className="jp-Veilbook-badge">{warning}</span>}
        {[model, ...protectionOf(row, trans), sizeOf(bytes, trans)].join(' · ')} ·{' '}
        <span className="jp-Veilbook-outcome">{outcomeOf(row, trans)}</span>
        {snapshot && <> · {trans.__('snapshot %1', snapshot)}</>}
      </span>
      <button
        type="button"
        className="jp-Veilbook-icon"
        title={label}
        aria-label={label}
        disabled={disabled}
        onClick={() => execute(CommandIDs.downloadReceipt, { entry })}
      >
        <downloadIcon.react tag="span" width="16px" height="16px" />
      </button>
    </li>
  );
}
