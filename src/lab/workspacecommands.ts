import { stopIcon, undoIcon } from '@jupyterlab/ui-components';
import type { LastRestore, Snapshot, Workspace } from '../protocol';
import { CommandIDs } from './commands';
import { snapshotIcon, snapshotRunIcon } from './icons';
import type { AfterSnapshot } from './retention';
import { nameOf } from './snapshotname';
import type { WorkspaceWork } from './workspacework';

/** What a person is asked before something that cannot simply be done again. */
export interface WorkspaceQuestions {
  /** @param restarts the restore ends this JupyterLab, and starts it again */
  restore(snapshot: Snapshot, unsaved: number, restarts: boolean): Promise<boolean>;
  undo(last: LastRestore, unsaved: number, restarts: boolean): Promise<boolean>;
  remove(snapshot: Snapshot): Promise<boolean>;
  /**
   * The name of the clone; null when the dialog was called off.
   * @param name what is cloned
   * @param workspace the one that the clone comes to lie beside
   */
  clone(name: string, workspace: Workspace): Promise<string | null>;
}

/** JupyterLab's own command for the notebook in front. */
const RUN_ALL = 'notebook:run-all-cells';

/**
 * Snapshot, restore, undo, clone, pin and delete, each with one notification that follows it to its end.
 * Unsaved documents are saved before a snapshot or restore, and read again after a restore.
 */
export function addWorkspaceCommands(work: WorkspaceWork, questions: WorkspaceQuestions, afterSnapshot: AfterSnapshot): void {
  const { commands, model, documents, trans } = work;
  const undoable = () => {
    const last = work.view?.workspace.last_restore;
    return last && !last.undone ? last : null;
  };
  const restarts = () => work.view?.capabilities.restore_restarts ?? false;
  const notebook = () => (documents.current()?.endsWith('.ipynb') ? documents.current()! : null);

  /** Resolves with whether it was taken. */
  async function take(label: string): Promise<boolean> {
    let taken = false;
    await work.announce(trans.__('Taking a snapshot…'), async () => {
      const saved = await documents.save();
      const path = notebook();
      await model.perform({ kind: 'snapshot', request: { label, saved_documents: true, ...(path ? { notebook: path } : {}) } });
      taken = true;
      const told =
        saved === 0
          ? trans.__('The snapshot is taken.')
          : trans._n('The snapshot is taken; %1 document was saved.', 'The snapshot is taken; %1 documents were saved.', saved);
      return [told, await afterSnapshot()].filter(Boolean).join(' ');
    });
    return taken;
  }

  commands.addCommand(CommandIDs.snapshot, {
    label: args => (args.toolbar ? '' : trans.__('Take Workspace Snapshot')),
    caption: trans.__('Save open documents and take a snapshot of the workspace'),
    icon: args => (args.toolbar ? snapshotIcon : undefined),
    isEnabled: () => work.isFree && work.mightBe('snapshot'),
    execute: async args => {
      await take(typeof args.label === 'string' ? args.label.trim() : '');
    }
  });
  commands.addCommand(CommandIDs.snapshotRunAll, {
    label: args => (args.toolbar ? '' : trans.__('Snapshot Workspace and Run All Cells')),
    caption: trans.__('Take a snapshot of the workspace, then run all cells of the notebook'),
    icon: args => (args.toolbar ? snapshotRunIcon : undefined),
    isEnabled: () => work.isFree && work.mightBe('snapshot') && notebook() !== null && commands.hasCommand(RUN_ALL),
    execute: async () => {
      const path = notebook();
      // Whoever looks at another notebook meanwhile does not want that one run.
      if ((await take(trans.__('before Run All'))) && notebook() === path) {
        await commands.execute(RUN_ALL);
      }
    }
  });
  commands.addCommand(CommandIDs.restoreSnapshot, {
    label: trans.__('Restore Workspace Snapshot…'),
    isEnabled: args => work.isFree && work.may('restore') && work.chosen(args)?.state === 'ready',
    execute: async args => {
      const snapshot = work.chosen(args);
      if (snapshot && (await questions.restore(snapshot, documents.unsaved(), restarts()))) {
        const action = { kind: 'restore' as const, snapshot: snapshot.id };
        await work.changeFiles(trans.__('Restoring the snapshot…'), action, trans.__('The snapshot is restored'), true);
      }
    }
  });
  commands.addCommand(CommandIDs.undoRestore, {
    label: trans.__('Undo Workspace Restore…'),
    caption: trans.__('Make the workspace what it was before the last restore'),
    icon: undoIcon,
    isEnabled: () => work.isFree && work.may('undo') && undoable() !== null,
    execute: async () => {
      const last = undoable();
      if (last && (await questions.undo(last, documents.unsaved(), restarts()))) {
        await work.changeFiles(trans.__('Undoing the restore…'), { kind: 'undo' }, trans.__('The restore is undone'), false);
      }
    }
  });
  commands.addCommand(CommandIDs.cloneSnapshot, {
    label: trans.__('Clone Workspace Snapshot…'),
    isEnabled: args => work.isFree && work.may('clone') && work.chosen(args)?.state === 'ready',
    execute: async args => {
      const snapshot = work.chosen(args);
      const to = snapshot && (await questions.clone(nameOf(snapshot, trans), work.view!.workspace));
      if (snapshot && to) {
        await work.announce(trans.__('Making a clone…'), async () => {
          const { result } = await model.perform({ kind: 'clone', snapshot: snapshot.id, to });
          return trans.__('The clone is %1.', result?.made?.location ?? to);
        });
      }
    }
  });
  commands.addCommand(CommandIDs.pinSnapshot, {
    label: trans.__('Pin or Unpin Workspace Snapshot'),
    isEnabled: args => work.isFree && work.chosen(args) !== null,
    execute: async args => {
      const snapshot = work.chosen(args);
      await (snapshot && work.attempt(model.pin(snapshot.id, !snapshot.pinned)));
    }
  });
  commands.addCommand(CommandIDs.deleteSnapshot, {
    label: args => {
      const short = work.chosen(args)?.pinned ? trans.__('Delete (unpin it first)') : trans.__('Delete…');
      return args.menu ? short : trans.__('Delete Workspace Snapshot…');
    },
    isEnabled: args => work.isFree && work.may('delete_snapshot') && work.chosen(args)?.pinned === false,
    execute: async args => {
      const snapshot = work.chosen(args);
      if (snapshot && (await questions.remove(snapshot))) {
        await work.announce(trans.__('Deleting the snapshot…'), async () => {
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
    execute: async () => {
      await work.attempt(model.cancel());
    }
  });
  model.changed.connect(() => commands.notifyCommandChanged());
}
