import { historyIcon } from '@jupyterlab/ui-components';
import type { Snapshot, SnapshotFolder } from '../protocol';
import { CommandIDs } from './commands';
import type { Holding } from './tokens';
import type { WorkspaceWork } from './workspacework';

/** What a person is asked before single files come back. */
export interface FileQuestions {
  /**
   * From which snapshot; null when the dialog was called off.
   * @param holdings newest first, at least one
   * @param unsaved how many open documents of these paths are
   */
  from(paths: string[], holdings: Holding[], unsaved: number): Promise<string | null>;
  /** Which files and folders of a snapshot; null when the dialog was called off. */
  which(snapshot: Snapshot, list: (path: string) => Promise<SnapshotFolder>): Promise<string[] | null>;
}

/**
 * "Restore files…": of a snapshot that is named, or of one that holds what is selected.
 * @param selected paths of what is selected in the file browser, relative to the server's root
 */
export function addRestoreFilesCommand(work: WorkspaceWork, questions: FileQuestions, selected: () => string[]): void {
  const { commands, model, documents, trans } = work;

  commands.addCommand(CommandIDs.restoreFiles, {
    label: args => (args.menu ? trans.__('Restore Files…') : trans.__('Restore from Snapshot…')),
    caption: trans.__('Bring files or folders back as a snapshot holds them'),
    icon: historyIcon,
    isEnabled: args =>
      work.isFree &&
      work.mightBe('restore_files') &&
      (args.snapshot === undefined ? selected().length > 0 : work.chosen(args)?.state === 'ready'),
    execute: async args => {
      const snapshot = work.chosen(args);
      const picked = snapshot ? await fromSnapshot(snapshot) : await fromSelection(selected());
      if (picked && picked.paths.length > 0) {
        const { paths } = picked;
        const named = paths.length === 1 ? paths[0] : trans._n('%1 path', '%1 paths', paths.length);
        const pending = trans.__('Restoring %1…', named);
        await work.changeFiles(pending, { kind: 'restore_files', ...picked }, trans.__('Restored %1', named), true, paths);
      }
    }
  });

  async function fromSnapshot(snapshot: Snapshot) {
    const paths = await questions.which(snapshot, path => model.folder(snapshot.id, path));
    return paths && { snapshot: snapshot.id, paths };
  }

  async function fromSelection(paths: string[]) {
    const holdings = paths.length > 0 ? await work.attempt(model.holdings(paths)) : null;
    if (!holdings) {
      return null;
    }
    if (holdings.length === 0) {
      const title = trans.__('No snapshot holds it');
      const body = trans.__(
        '%1 is in no snapshot of this workspace. Take one, and it can be brought back from then on.',
        paths.join(', ')
      );
      await work.tell(title, body);
      return null;
    }
    const snapshot = await questions.from(paths, holdings, documents.unsaved(paths));
    const held = holdings.find(holding => holding.snapshot.id === snapshot)?.held ?? null;
    // What a snapshot cannot say that it holds is asked for all the same.
    return snapshot === null ? null : { snapshot, paths: held ? held.map(({ path }) => path) : paths };
  }
}
