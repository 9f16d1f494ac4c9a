import type { TranslationBundle } from '@jupyterlab/translation';
import { errorIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import React from 'react';
import type { PanelWorkspace } from '../../protocol';
import { CommandIDs } from '../commands';
import type { IWorkspaceModel } from '../tokens';
import { NotAllowed } from './notallowed';
import { OtherWorkspaces } from './otherworkspaces';
import { Forbidden, Message, Offline, Retry } from './states';
import { TakeSnapshot } from './takesnapshot';
import { Timeline } from './timeline';
import { FailureNote, LastRestoreNote, OperationBar } from './workspaceoperation';

/** Runs a command of JupyterLab. */
export type Execute = (command: string, args?: ReadonlyPartialJSONObject) => void;

/** Shows what else can be done with a snapshot, at a place in the window. */
export type OpenMenu = (snapshot: string, x: number, y: number) => void;

interface WorkspaceProps {
  model: IWorkspaceModel;
  execute: Execute;
  openMenu: OpenMenu;
  trans: TranslationBundle;
}

/** What the section shows, state by state. While the server is away, the list stays, marked as old. */
export function Workspace({ model, execute, openMenu, trans }: WorkspaceProps): JSX.Element {
  const { current, outage, running } = model;
  const retry = () => void model.refresh();
  if (outage?.kind === 'forbidden') {
    return (
      <div className="jp-Veilbook-content">
        <Forbidden failure={outage.failure} onRetry={retry} trans={trans} />
      </div>
    );
  }
  const busy = running !== null || model.asking;
  const frozen = busy || outage !== null;
  return (
    <div className="jp-Veilbook-content jp-Veilbook-workspace" aria-busy={busy}>
      {outage && <Offline failure={outage.failure} asOf={model.asOf} onRetry={retry} trans={trans} />}
      {current.state === 'unknown' && !outage && (
        <div className="jp-Veilbook-asking" role="status">
          {trans.__('Looking for snapshots…')}
        </div>
      )}
      {current.state === 'stopped' && (
        <Message
          title={trans.__('Snapshots are kept by the sidecar')}
          text={trans.__('It is not running. Taking a snapshot starts it, and so does looking.')}
        >
          <button type="button" className="jp-Veilbook-button" disabled={frozen} onClick={() => execute(CommandIDs.start)}>
            {trans.__('Show snapshots')}
          </button>
        </Message>
      )}
      {current.state === 'broken' && (
        <Message
          icon={errorIcon}
          alert
          title={trans.__('The workspace cannot be read')}
          text={current.failure.message}
          remedy={current.failure.remedy}
        >
          <Retry onRetry={retry} trans={trans} />
        </Message>
      )}
      {(current.state === 'known' || current.state === 'stopped') && (
        <TakeSnapshot
          disabled={frozen}
          refused={current.state === 'known' ? current.view.capabilities.actions.snapshot : null}
          onTake={label => execute(CommandIDs.snapshot, { label })}
          trans={trans}
        />
      )}
      {running && (
        <OperationBar
          operation={running}
          disabled={outage !== null}
          onCancel={() => execute(CommandIDs.stopOperation)}
          trans={trans}
        />
      )}
      {current.state === 'known' && (
        <>
          <FailureNote operation={current.view.operation} trans={trans} />
          <LastRestoreNote view={current.view} disabled={frozen} onUndo={() => execute(CommandIDs.undoRestore)} trans={trans} />
          <Timeline view={current.view} disabled={frozen} execute={execute} openMenu={openMenu} trans={trans} />
          <NotAllowed actions={current.view.capabilities.actions} trans={trans} />
          <OtherWorkspaces
            list={() => model.others()}
            stamp={stampOf(current.view)}
            actions={current.view.capabilities.actions}
            disabled={frozen}
            execute={execute}
            trans={trans}
          />
        </>
      )}
    </div>
  );
}

/** Another one after each operation that ended. */
function stampOf({ operation }: PanelWorkspace): string {
  return operation ? `${operation.record.id} ${operation.record.state}` : '';
}
