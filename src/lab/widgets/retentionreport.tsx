import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { RetentionReport, Snapshot } from '../../protocol';
import { nameOf } from '../snapshotname';

type Why = RetentionReport['kept'][number]['why'];

interface RetentionListProps {
  report: RetentionReport;
  snapshots: readonly Snapshot[];
  trans: TranslationBundle;
}

/** What would go, and what stays and why. */
export function RetentionList({ report, snapshots, trans }: RetentionListProps): JSX.Element {
  const { removed, kept } = report;
  const line = (id: string, why?: Why) => {
    const snapshot = snapshots.find(one => one.id === id);
    return (
      <li key={id} className="jp-Veilbook-pick">
        <span className="jp-Veilbook-pickName">{snapshot ? nameOf(snapshot, trans) : id}</span>
        {snapshot && (
          <time className="jp-Veilbook-aside" dateTime={snapshot.created} title={Time.format(snapshot.created)}>
            {Time.formatHuman(snapshot.created, 'narrow')}
          </time>
        )}
        {why && <span className="jp-Veilbook-pickFacts">{whyOf(why, trans)}</span>}
      </li>
    );
  };
  return (
    <>
      {removed.length === 0 ? (
        <p>{trans.__('The rules in the settings keep all of them.')}</p>
      ) : (
        <section aria-label={trans.__('To be removed')}>
          <h3>{trans._n('%1 snapshot is removed', '%1 snapshots are removed', removed.length)}</h3>
          <ul className="jp-Veilbook-kept">{removed.map(id => line(id))}</ul>
          <p>{trans.__('They cannot be brought back. The workspace itself stays as it is.')}</p>
        </section>
      )}
      <section aria-label={trans.__('What stays')}>
        <h3>{trans._n('%1 snapshot stays', '%1 snapshots stay', kept.length)}</h3>
        <ul className="jp-Veilbook-kept">{kept.map(({ id, why }) => line(id, why))}</ul>
      </section>
    </>
  );
}

function whyOf(why: Why, trans: TranslationBundle): string {
  switch (why) {
    case 'last':
      return trans.__('the last one that is ready');
    case 'pinned':
      return trans.__('pinned');
    case 'in_use':
      return trans.__('needed to undo the last restore');
    case 'not_ready':
      return trans.__('not ready');
    case 'count':
      return trans.__('among the newest that are kept');
    case 'age':
      return trans.__('younger than the limit');
    case 'daily':
      return trans.__('the newest of its day');
  }
}
