import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { stopIcon, undoIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { PanelWorkspace, Snapshot, WorkspaceOperation } from '../protocol';
import { RequestError } from './api';
import { CommandIDs } from './commands';
import { snapshotIcon } from './icons';
import type { OpenDocuments } from './opendocuments';
import type { IWorkspaceModel, WorkspaceAction } from './tokens';

/** What a person is asked before something that cannot simply be done again. */
export interface WorkspaceQuestions {
  restore(snapshot: Snapshot, unsaved: number): Promise<boolean>;
  undo(at: string, unsaved: number): Promise<boolean>;
  remove(snapshot: Snapshot): Promise<boolean>;
  /** The name of the new folder; null when the dialog was called off. */
  clone(snapshot: Snapshot, workspace: string): Promise<string | null>;
}

/**
 * Snapshot, restore, undo, clone, pin and delete, each with one notification that follows it to its end.
 * Unsaved documents are saved before a snapshot or restore, and read again after a restore.
 */
export function addWorkspaceCommands(
  commands: CommandRegistry,
  model: IWorkspaceModel,
  documents: OpenDocuments,
  questions: WorkspaceQuestions,
  trans: TranslationBundle
): void {
  const view = (): PanelWorkspace | null => (model.current.state === 'known' ? model.current.view : null);
  const isFree = () => model.running === null && !model.asking && model.outage === null;
  const may = (action: keyof PanelWorkspace['capabilities']['actions']) => view()?.capabilities.actions[action].allowed ?? false;
  const chosen = ({ snapshot }: ReadonlyPartialJSONObject) => view()?.snapshots.find(({ id }) => id === snapshot) ?? null;
  const undoable = () => {
    const last = view()?.workspace.last_restore;
    return last && !last.undone ? last : null;
  };

  commands.addCommand(CommandIDs.snapshot, {
    label: args => (args.toolbar ? '' : trans.__('Take Workspace Snapshot')),
    caption: trans.__('Save open documents and take a snapshot of the workspace'),
    icon: args => (args.toolbar ? snapshotIcon : undefined),
    isEnabled: () => isFree() && (view() === null || may('snapshot')),
    execute: args =>
      announce(trans.__('Taking a snapshot…'), async () => {
        const saved = await documents.save();
        const notebook = documents.current();
        const label = typeof args.label === 'string' ? args.label.trim() : '';
        const request = { label, saved_documents: true, ...(notebook?.endsWith('.ipynb') ? { notebook } : {}) };
        await model.perform({ kind: 'snapshot', request });
        return saved === 0
          ? trans.__('The snapshot is taken.')
          : trans._n('The snapshot is taken; %1 document was saved.', 'The snapshot is taken; %1 documents were saved.', saved);
      })
  });
  commands.addCommand(CommandIDs.restoreSnapshot, {
    label: trans.__('Restore Workspace Snapshot…'),
    isEnabled: args => isFree() && may('restore') && chosen(args)?.state === 'ready',
    execute: async args => {
      const snapshot = chosen(args);
      if (snapshot && (await questions.restore(snapshot, documents.unsaved()))) {
        await changeFiles(trans.__('Restoring the snapshot…'), { kind: 'restore', snapshot: snapshot.id }, true);
      }
    }
  });
  commands.addCommand(CommandIDs.undoRestore, {
    label: trans.__('Undo Workspace Restore…'),
    caption: trans.__('Make the workspace what it was before the last restore'),
    icon: undoIcon,
    isEnabled: () => isFree() && may('undo') && undoable() !== null,
    execute: async () => {
      const last = undoable();
      if (last && (await questions.undo(last.at, documents.unsaved()))) {
        await changeFiles(trans.__('Undoing the restore…'), { kind: 'undo' }, false);
      }
    }
  });
  commands.addCommand(CommandIDs.cloneSnapshot, {
    label: trans.__('Clone Workspace Snapshot…'),
    isEnabled: args => isFree() && may('clone') && chosen(args)?.state === 'ready',
    execute: async args => {
      const snapshot = chosen(args);
      const to = snapshot && (await questions.clone(snapshot, view()!.workspace.location));
      if (snapshot && to) {
        await announce(trans.__('Making a clone…'), async () => {
          const { result } = await model.perform({ kind: 'clone', snapshot: snapshot.id, to });
          return trans.__('The clone is %1.', result?.made?.location ?? to);
        });
      }
    }
  });
  commands.addCommand(CommandIDs.pinSnapshot, {
    label: trans.__('Pin or Unpin Workspace Snapshot'),
    isEnabled: args => isFree() && chosen(args) !== null,
    execute: async args => {
      const snapshot = chosen(args);
      await (snapshot && attempt(model.pin(snapshot.id, !snapshot.pinned)));
    }
  });
  commands.addCommand(CommandIDs.deleteSnapshot, {
    label: trans.__('Delete Workspace Snapshot…'),
    isEnabled: args => isFree() && may('delete_snapshot') && chosen(args)?.pinned === false,
    execute: async args => {
      const snapshot = chosen(args);
      if (snapshot && (await questions.remove(snapshot))) {
        await announce(trans.__('Deleting the snapshot…'), async () => {
          await model.perform({ kind: 'delete_snapshot', snapshot: snapshot.id });
          return trans.__('The snapshot is deleted.');
        });
      }
    }
  });
  commands.addCommand(CommandIDs.stopOperation, {
    label: trans.__('Cancel Workspace Operation'),
    caption: trans.__('Stop it, and leave everything as it was'),
    icon: stopIcon,
    isEnabled: () => model.running !== null,
    execute: () => attempt(model.cancel())
  });
  model.changed.connect(() => commands.notifyCommandChanged());

  function changeFiles(pending: string, action: WorkspaceAction, undo: boolean): Promise<void> {
    const after = undo ? [{ label: trans.__('Undo'), callback: () => void commands.execute(CommandIDs.undoRestore) }] : undefined;
    return announce(
      pending,
      async () => {
        await documents.save();
        const done = await model.perform(action);
        await documents.revert();
        return summary(done, undo);
      },
      after
    );
  }

  function summary({ result }: WorkspaceOperation, restore: boolean): string {
    const what = restore ? trans.__('The snapshot is restored') : trans.__('The restore is undone');
    const report = result?.restored;
    if (!report) {
      return `${what}.`;
    }
    const { created, replaced, removed, left_out_total: leftOut } = report;
    if (created === null) {
      return `${what}.`;
    }
    const counts = trans.__('%1 came back, %2 changed, %3 removed', created, replaced ?? 0, removed ?? 0);
    const left = leftOut > 0 ? ` ${trans._n('%1 was left as it is.', '%1 were left as they are.', leftOut)}` : '';
    return `${what}: ${counts}.${left}`;
  }

  async function announce(pending: string, work: () => Promise<string>, actions?: Notification.IAction[]): Promise<void> {
    const id = Notification.emit(pending, 'in-progress', { autoClose: false });
    try {
      const message = await work();
      Notification.update({ id, message, type: 'success', autoClose: actions ? 15_000 : 4000, actions });
    } catch (error) {
      const cancelled = error instanceof RequestError && error.failure.code === 'cancelled';
      Notification.update({ id, message: said(error), type: cancelled ? 'warning' : 'error', autoClose: cancelled && 4000 });
    }
  }

  async function attempt(work: Promise<void>): Promise<void> {
    await work.catch(error => void Notification.error(said(error), { autoClose: false }));
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
