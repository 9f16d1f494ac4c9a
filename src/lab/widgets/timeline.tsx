import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';
import type { PanelWorkspace } from '../../protocol';
import { CommandIDs } from '../commands';
import { SnapshotItem } from './snapshotitem';
import type { Execute, OpenMenu } from './workspace';

const SHOWN_AT_FIRST = 6;

interface TimelineProps {
  view: PanelWorkspace;
  disabled: boolean;
  execute: Execute;
  openMenu: OpenMenu;
  trans: TranslationBundle;
}

/** Snapshots, newest first. Arrow keys go from one to the next, at the same action. */
export function Timeline({ view, disabled, execute, openMenu, trans }: TimelineProps): JSX.Element {
  const [all, setAll] = useState(false);
  const { snapshots, workspace } = view;
  const shown = all ? snapshots : snapshots.slice(0, SHOWN_AT_FIRST);
  return (
    <section className="jp-Veilbook-timeline" aria-label={trans.__('Snapshots')}>
      <h3>
        {trans.__('Snapshots')}{' '}
        <span className="jp-Veilbook-aside" title={workspace.location}>
          {workspace.name}
        </span>
      </h3>
      {snapshots.length === 0 ? (
        <p className="jp-Veilbook-hint">
          {trans.__('No snapshot so far. One keeps every file of this folder as it is now; restoring brings it back.')}
        </p>
      ) : (
        <ol onKeyDown={step}>
          {shown.map(snapshot => (
            <SnapshotItem
              key={snapshot.id}
              snapshot={snapshot}
              actions={view.capabilities.actions}
              disabled={disabled}
              execute={execute}
              openMenu={openMenu}
              trans={trans}
            />
          ))}
        </ol>
      )}
      {snapshots.length > 1 && (
        <div className="jp-Veilbook-timelineFoot">
          {snapshots.length > SHOWN_AT_FIRST && (
            <button type="button" className="jp-Veilbook-link" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? trans.__('Show fewer') : trans.__('Show all %1', snapshots.length)}
            </button>
          )}
          <button
            type="button"
            className="jp-Veilbook-link"
            disabled={disabled || !view.capabilities.actions.delete_snapshot.allowed}
            onClick={() => execute(CommandIDs.cleanUpSnapshots)}
          >
            {trans.__('Clean up…')}
          </button>
        </div>
      )}
    </section>
  );
}

function step(event: React.KeyboardEvent<HTMLOListElement>): void {
  const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  const button = (event.target as Element).closest('button');
  if (by === 0 || !button) {
    return;
  }
  const rows = [...event.currentTarget.querySelectorAll('li')];
  const row = rows.findIndex(item => item.contains(button));
  const place = [...rows[row].querySelectorAll('button')].indexOf(button);
  const next = rows[row + by]?.querySelectorAll('button')[place];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
