import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDocumentManager } from '@jupyterlab/docmanager';

/** The documents that are open in JupyterLab, as snapshots and restores need them. */
export interface OpenDocuments {
  /** How many have changes that were not saved; of these files and folders alone, where some are named. */
  unsaved(paths?: readonly string[]): number;
  /** Save those. Rejects when one cannot be saved. Resolves with how many were. */
  save(paths?: readonly string[]): Promise<number>;
  /** Read them from the disk again. One whose file is gone stays as it is. */
  revert(paths?: readonly string[]): Promise<void>;
  /** The path of the document in front, relative to the server's root; null where none is. */
  current(): string | null;
}

export function openDocuments(shell: JupyterFrontEnd.IShell, manager: IDocumentManager | null): OpenDocuments {
  const contexts = (paths?: readonly string[]) =>
    // A document may stand in several tabs.
    [...new Set([...shell.widgets('main')].map(widget => manager?.contextForWidget(widget)))]
      .filter(context => !!context)
      .filter(({ localPath }) => !paths || paths.some(path => localPath === path || localPath.startsWith(`${path}/`)));
  const dirty = (paths?: readonly string[]) => contexts(paths).filter(({ model }) => model.dirty && !model.readOnly);
  return {
    unsaved: paths => dirty(paths).length,
    save: async paths => {
      const all = dirty(paths);
      await Promise.all(all.map(context => context.save()));
      return all.length;
    },
    revert: async paths => {
      await Promise.allSettled(contexts(paths).map(context => context.revert()));
    },
    current: () => {
      const context = shell.currentWidget && manager?.contextForWidget(shell.currentWidget);
      return context ? manager!.services.contents.localPath(context.path) : null;
    }
  };
}
