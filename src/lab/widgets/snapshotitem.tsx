import { PathExt, Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { duplicateIcon, ellipsesIcon, historyIcon, type LabIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { Snapshot, WorkspaceCapabilities } from '../../protocol';
import { CommandIDs } from '../commands';
import { pinIcon } from '../icons';
import { nameOf, sizeOf } from '../snapshotname';
import { refusal } from './notallowed';
import type { Execute, OpenMenu } from './workspace';

interface SnapshotItemProps {
  snapshot: Snapshot;
  actions: WorkspaceCapabilities['actions'];
  disabled: boolean;
  execute: Execute;
  openMenu: OpenMenu;
  trans: TranslationBundle;
}

/** One snapshot: when, what for, of what, and what can be done with it. */
export function SnapshotItem({ snapshot, actions, disabled, execute, openMenu, trans }: SnapshotItemProps): JSX.Element {
  const { id, created, state, pinned, error } = snapshot;
  const name = nameOf(snapshot, trans);
  const ready = state === 'ready';
  const button = (icon: LabIcon, label: string, command: string, on: boolean, refused: string | null, pressed?: boolean) => (
    <button
      type="button"
      className="jp-Veilbook-icon"
      title={refused ?? label}
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled || !on || refused !== null}
      onClick={() => execute(command, { snapshot: id })}
    >
      <icon.react tag="span" width="16px" height="16px" />
    </button>
  );
  return (
    <li
      className={`jp-Veilbook-snapshot${ready ? '' : ' jp-mod-unready'}`}
      data-kind={snapshot.kind}
      onContextMenu={event => {
        event.preventDefault();
        event.stopPropagation();
        openMenu(id, event.clientX, event.clientY);
      }}
    >
      <span className="jp-Veilbook-snapshotName" title={name}>
        {name}
      </span>
      <time className="jp-Veilbook-aside" dateTime={created} title={Time.format(created)}>
        {Time.formatHuman(created, 'narrow')}
      </time>
      <span className="jp-Veilbook-snapshotFacts">
        {!ready && (
          <span className="jp-Veilbook-badge" title={error ?? undefined}>
            {stateOf(state, trans)}
          </span>
        )}
        {pinned && <span className="jp-Veilbook-badge jp-mod-pinned">{trans.__('pinned')}</span>}
        {factsOf(snapshot, trans)}
      </span>
      <span className="jp-Veilbook-snapshotActions" role="group" aria-label={trans.__('Actions of %1', name)}>
        {button(historyIcon, trans.__('Restore %1…', name), CommandIDs.restoreSnapshot, ready, refusal(actions.restore, trans))}
        {button(duplicateIcon, trans.__('Clone %1…', name), CommandIDs.cloneSnapshot, ready, refusal(actions.clone, trans))}
        {button(pinIcon, trans.__('Pin %1', name), CommandIDs.pinSnapshot, ready, null, pinned)}
        <button
          type="button"
          className="jp-Veilbook-icon"
          title={trans.__('More actions of %1', name)}
          aria-label={trans.__('More actions of %1', name)}
          aria-haspopup="menu"
          onClick={({ currentTarget }) => {
            const { left, bottom } = currentTarget.getBoundingClientRect();
            openMenu(id, left, bottom);
          }}
        >
          <ellipsesIcon.react tag="span" width="16px" height="16px" />
        </button>
      </span>
      {error && !ready && <span className="jp-Veilbook-snapshotError">{error}</span>}
    </li>
  );
}

function factsOf(
  { label, git, notebook, files, bytes, paths, left_out_total: leftOut }: Snapshot,
  trans: TranslationBundle
): string {
  const facts = [];
  if (git) {
    facts.push(`${git.branch ? `${git.branch}@` : ''}${git.commit.slice(0, 7)}${git.dirty ? '*' : ''}`);
  }
  // Without a label it is the snapshot's name.
  if (notebook && label) {
    facts.push(PathExt.basename(notebook.path));
  }
  if (paths) {
    facts.push(trans._n('%1 path only', '%1 paths only', paths.length));
  }
  if (files !== null) {
    facts.push(trans._n('%1 file', '%1 files', files));
  }
  if (bytes !== null) {
    facts.push(sizeOf(bytes, trans));
  }
  if (leftOut > 0) {
    facts.push(trans.__('%1 left out', leftOut));
  }
  return facts.join(' · ');
}

function stateOf(state: Snapshot['state'], trans: TranslationBundle): string {
  switch (state) {
    case 'creating':
      return trans.__('being taken');
    case 'failed':
      return trans.__('failed');
    case 'deleting':
      return trans.__('being deleted');
    case 'ready':
      return trans.__('ready');
  }
}
