import { PathExt, Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';
import type { OperationKind, OperationPhase, PanelWorkspace, WorkspaceOperation } from '../../protocol';
import { refusal, Remedy } from './notallowed';

interface OperationBarProps {
  operation: WorkspaceOperation;
  disabled: boolean;
  onCancel: () => void;
  trans: TranslationBundle;
}

/** A bar with kind and phase, and the way to stop it. Only a new phase is read out, not every file. */
export function OperationBar({ operation, disabled, onCancel, trans }: OperationBarProps): JSX.Element {
  const { kind, phase, progress } = operation.record;
  const done = progress?.done ?? null;
  const facts = [];
  if (done !== null) {
    facts.push(trans.__('%1%', Math.floor(100 * done)));
  }
  if (progress && progress.files > 0) {
    facts.push(
      progress.files_total === null
        ? trans._n('%1 file', '%1 files', progress.files)
        : trans.__('%1 of %2 files', progress.files, progress.files_total)
    );
  }
  // From then on it finishes, whatever is asked for.
  const final = phase === 'committing' || phase === 'finished';
  return (
    <section className="jp-Veilbook-operation" aria-label={trans.__('Running operation')}>
      <p role="status">
        <b>{kindOf(kind, trans)}</b> · {phaseOf(phase, trans)}
      </p>
      {done === null ? (
        <progress className="jp-Veilbook-share" aria-label={kindOf(kind, trans)} />
      ) : (
        <progress className="jp-Veilbook-share" aria-label={kindOf(kind, trans)} value={done} max={1} />
      )}
      <div className="jp-Veilbook-operationFoot">
        <span className="jp-Veilbook-aside">{progress?.reason ?? facts.join(' · ')}</span>
        <button type="button" className="jp-Veilbook-button" disabled={disabled || final} onClick={onCancel}>
          {trans.__('Cancel')}
        </button>
      </div>
    </section>
  );
}

interface LastRestoreNoteProps {
  view: PanelWorkspace;
  disabled: boolean;
  onUndo: () => void;
  trans: TranslationBundle;
}

/** While the last restore can be taken back. */
export function LastRestoreNote({ view, disabled, onUndo, trans }: LastRestoreNoteProps): JSX.Element | null {
  const last = view.workspace.last_restore;
  if (!last || last.undone) {
    return null;
  }
  const label = view.snapshots.find(({ id }) => id === last.snapshot)?.label;
  const when = Time.formatHuman(last.at);
  const refused = refusal(view.capabilities.actions.undo, trans);
  return (
    <div className="jp-Veilbook-undo">
      <span title={last.paths?.join('\n')}>
        {last.paths
          ? trans.__('Restored %1 %2', nameOfPaths(last.paths, trans), when)
          : label
            ? trans.__('Restored “%1” %2', label, when)
            : trans.__('Restored a snapshot %1', when)}
      </span>
      <button
        type="button"
        className="jp-Veilbook-button"
        title={refused ?? undefined}
        disabled={disabled || refused !== null}
        onClick={onUndo}
      >
        {trans.__('Undo')}
      </button>
    </div>
  );
}

function nameOfPaths(paths: string[], trans: TranslationBundle): string {
  return paths.length === 1 ? PathExt.basename(paths[0]) : trans._n('%1 path', '%1 paths', paths.length);
}

interface FailureNoteProps {
  /** The last one. */
  operation: WorkspaceOperation | null;
  trans: TranslationBundle;
}

/** Why the last operation failed, for whoever did not see its notification: the page may have been loaded since. */
export function FailureNote({ operation, trans }: FailureNoteProps): JSX.Element | null {
  const [dismissed, setDismissed] = useState<string | null>(null);
  const record = operation?.record;
  if (record?.state !== 'failed' || !record.error || dismissed === record.id) {
    return null;
  }
  return (
    <section className="jp-Veilbook-failure" aria-label={trans.__('Last operation')}>
      <p>
        <b>{trans.__('%1 failed %2', kindOf(record.kind, trans), Time.formatHuman(record.updated))}</b>
      </p>
      <p>{record.error.message}</p>
      {record.error.remedy && (
        <p>
          <Remedy text={record.error.remedy} trans={trans} />
        </p>
      )}
      <button type="button" className="jp-Veilbook-link" onClick={() => setDismissed(record.id)}>
        {trans.__('Dismiss')}
      </button>
    </section>
  );
}

export function kindOf(kind: OperationKind, trans: TranslationBundle): string {
  switch (kind) {
    case 'snapshot':
      return trans.__('Snapshot');
    case 'delete_snapshot':
      return trans.__('Deleting a snapshot');
    case 'restore':
    case 'restore_files':
      return trans.__('Restore');
    case 'undo':
      return trans.__('Undoing a restore');
    case 'clone':
      return trans.__('Clone');
    case 'delete_workspace':
      return trans.__('Deleting a workspace');
    case 'retain':
      return trans.__('Removing old snapshots');
  }
}

export function phaseOf(phase: OperationPhase, trans: TranslationBundle): string {
  switch (phase) {
    case 'waiting':
      return trans.__('waiting');
    case 'reading':
      return trans.__('looking at the files');
    case 'safety':
      return trans.__('safety snapshot');
    case 'copying':
      return trans.__('copying');
    case 'verifying':
      return trans.__('comparing');
    case 'flushing':
      return trans.__('writing to the disk');
    case 'committing':
      return trans.__('putting files in their places');
    case 'removing':
      return trans.__('removing');
    case 'finished':
      return trans.__('done');
  }
}
