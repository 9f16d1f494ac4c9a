import type { TranslationBundle } from '@jupyterlab/translation';
import { deleteIcon, duplicateIcon, launchIcon, type LabIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';
import type { Workspace, WorkspaceCapabilities } from '../../protocol';
import { CommandIDs } from '../commands';
import { irremovable } from '../otherworkspaces';
import { RequestError } from '../api';
import { refusal, Remedy } from './notallowed';
import { Retry } from './states';
import type { Execute } from './workspace';

interface OtherWorkspacesProps {
  list: () => Promise<Workspace[]>;
  /** Changes whenever an operation ends: then the list is asked for anew. */
  stamp: string;
  actions: WorkspaceCapabilities['actions'];
  disabled: boolean;
  execute: Execute;
  trans: TranslationBundle;
}

/** The other workspaces that are known here. They are looked up when somebody opens the list, and not before. */
export function OtherWorkspaces({ list, stamp, actions, disabled, execute, trans }: OtherWorkspacesProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const [found, setFound] = useState<Workspace[] | null>(null);
  const [failure, setFailure] = useState('');
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let wanted = true;
    if (open) {
      list().then(
        all => wanted && (setFound(all), setFailure('')),
        error => wanted && setFailure(error instanceof RequestError ? error.message : String(error))
      );
    }
    return () => {
      wanted = false;
    };
  }, [open, stamp, turn]);
  return (
    <details className="jp-Veilbook-others" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Other workspaces')}</summary>
      {failure && (
        <div role="alert">
          <p className="jp-Veilbook-refusal">{failure}</p>
          <Retry onRetry={() => setTurn(turn + 1)} trans={trans} />
        </div>
      )}
      {!failure && !found && <p role="status">{trans.__('Looking for workspaces…')}</p>}
      {found?.length === 0 && (
        <p className="jp-Veilbook-hint">
          {trans.__('None. A clone of a snapshot is one, and so is a folder with snapshots of its own.')}
        </p>
      )}
      <ul>
        {found?.map(workspace => (
          <OtherWorkspace
            key={workspace.id}
            workspace={workspace}
            actions={actions}
            disabled={disabled}
            execute={execute}
            trans={trans}
          />
        ))}
      </ul>
      {found && found.length > 0 && !actions.delete_workspace.allowed && (
        <p className="jp-Veilbook-hint">
          {trans.__('None can be deleted from here.')} {refusal(actions.delete_workspace, trans)}{' '}
          <Remedy text={actions.delete_workspace.remedy ?? ''} trans={trans} />
        </p>
      )}
    </details>
  );
}

type OtherWorkspaceProps = Omit<OtherWorkspacesProps, 'list' | 'stamp'> & { workspace: Workspace };

function OtherWorkspace({ workspace, actions, disabled, execute, trans }: OtherWorkspaceProps): JSX.Element {
  const { name, location, state, snapshots, url, provider } = workspace;
  const button = (icon: LabIcon, label: string, command: string, on: boolean, refused: string | null) => (
    <button
      type="button"
      className="jp-Veilbook-icon"
      title={refused ?? label}
      aria-label={label}
      disabled={!on || refused !== null}
      onClick={() => execute(command, { workspace })}
    >
      <icon.react tag="span" width="16px" height="16px" />
    </button>
  );
  const there = state === 'present';
  const gone = trans.__('Its folder is gone.');
  const link = url && /^https?:\/\//.test(url) ? url : null;
  return (
    <li className="jp-Veilbook-snapshot">
      <span className="jp-Veilbook-snapshotName" title={name}>
        {link ? (
          <a className="jp-Veilbook-link" href={link} target="_blank" rel="noopener noreferrer">
            {name}
          </a>
        ) : (
          name
        )}
      </span>
      <span className="jp-Veilbook-snapshotActions" role="group" aria-label={trans.__('Actions of %1', name)}>
        {!link &&
          provider === 'local' &&
          button(launchIcon, trans.__('Open %1…', name), CommandIDs.openWorkspace, there, there ? null : gone)}
        {button(
          duplicateIcon,
          trans.__('Clone %1…', name),
          CommandIDs.cloneWorkspace,
          there && !disabled,
          there ? refusal(actions.clone, trans) : gone
        )}
        {button(
          deleteIcon,
          trans.__('Delete %1…', name),
          CommandIDs.deleteWorkspace,
          !disabled,
          refusalOf(workspace, trans) ?? refusal(actions.delete_workspace, trans)
        )}
      </span>
      <span className="jp-Veilbook-snapshotFacts">
        {!there && <span className="jp-Veilbook-badge">{trans.__('folder gone')}</span>}
        {trans._n('%1 snapshot', '%1 snapshots', snapshots)} · {location}
      </span>
    </li>
  );
}

function refusalOf(workspace: Workspace, trans: TranslationBundle): string | null {
  switch (irremovable(workspace)) {
    case 'not_ours':
      return trans.__('Veilbook did not make it: it is removed by hand.');
    case 'empty':
      return trans.__('There is nothing left of it.');
    case null:
      return null;
  }
}
