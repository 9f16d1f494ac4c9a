import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import { PathExt, Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Snapshot } from '../protocol';
import { nameOf } from './snapshotname';
import type { WorkspaceQuestions } from './workspacecommands';

/** The questions as dialogs: what will happen, what stays safe, one button. */
export function workspaceQuestions(trans: TranslationBundle): WorkspaceQuestions {
  const documents = (unsaved: number) =>
    unsaved === 0
      ? trans.__('Open documents are read again.')
      : trans._n(
          '%1 unsaved document is saved first; open documents are read again.',
          '%1 unsaved documents are saved first; open documents are read again.',
          unsaved
        );
  const kernels = (restarts: boolean) =>
    restarts
      ? trans.__('This JupyterLab restarts, and kernels with it; its panel shows afterwards how it ended.')
      : trans.__('Kernels go on running with what they have in memory.');

  async function confirm(title: string, lines: string[], label: string, warn = false): Promise<boolean> {
    const button = warn ? Dialog.warnButton({ label }) : Dialog.okButton({ label });
    const buttons = [Dialog.cancelButton({ label: trans.__('Cancel') }), button];
    // The way back is the default where there is none from the other.
    const { button: pressed } = await showDialog({ title, body: lines.join(' '), buttons, defaultButton: warn ? 0 : 1 });
    return pressed.accept;
  }

  return {
    restore: (snapshot, unsaved, restarts) =>
      confirm(
        trans.__('Restore “%1”?', nameOf(snapshot, trans)),
        [
          trans.__('The workspace becomes what it was at %1: files come back, changed ones are replaced,', at(snapshot.created)),
          trans.__('files that came since are removed. A safety snapshot is taken first, so that you can undo this.'),
          documents(unsaved),
          kernels(restarts)
        ],
        trans.__('Restore')
      ),
    undo: ({ at: restored, paths }, unsaved, restarts) =>
      confirm(
        trans.__('Undo the restore?'),
        [
          paths
            ? trans.__('%1 becomes what it was before the restore of %2; the rest stays.', paths.join(', '), at(restored))
            : trans.__('The workspace becomes what it was before the restore of %1.', at(restored)),
          trans.__('A safety snapshot of its present state is taken first.'),
          documents(unsaved),
          kernels(restarts)
        ],
        trans.__('Undo')
      ),
    remove: snapshot =>
      confirm(
        trans.__('Delete “%1”?', nameOf(snapshot, trans)),
        [trans.__('The snapshot of %1 cannot be brought back. The workspace and other snapshots stay.', at(snapshot.created))],
        trans.__('Delete'),
        true
      ),
    clone: async (name, workspace) => {
      const { value } = await InputDialog.getText({
        title: trans.__('Clone “%1”', name),
        label:
          workspace.provider === 'local'
            ? trans.__('Name of the new folder in %1', PathExt.dirname(workspace.location) || '/')
            : trans.__('Name of the new workspace'),
        text: `${workspace.name}-2`,
        okLabel: trans.__('Clone'),
        cancelLabel: trans.__('Cancel')
      });
      return value?.trim() ? value.trim() : null;
    }
  };
}

function at(time: Snapshot['created']): string {
  return Time.format(time);
}
