import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDocumentManager } from '@jupyterlab/docmanager';

/** The documents that are open in JupyterLab, as snapshots and restores need them. */
export interface OpenDocuments {
  /** How many have changes that were not saved. */
  unsaved(): number;
  /** Save those. Rejects when one cannot be saved. Resolves with how many were. */
  save(): Promise<number>;
  /** Read all of them from the disk again. One whose file is gone stays as it is. */
  revert(): Promise<void>;
  /** The path of the document in front, relative to the server's root; null where none is. */
  current(): string | null;
}

export function openDocuments(shell: JupyterFrontEnd.IShell, manager: IDocumentManager | null): OpenDocuments {
  const contexts = () =>
    // A document may stand in several tabs.
    [...new Set([...shell.widgets('main')].map(widget => manager?.contextForWidget(widget)))].filter(context => !!context);
  const dirty = () => contexts().filter(({ model }) => model.dirty && !model.readOnly);
  return {
    unsaved: () => dirty().length,
    save: async () => {
      const all = dirty();
      await Promise.all(all.map(context => context.save()));
      return all.length;
    },
    revert: async () => {
      await Promise.allSettled(contexts().map(context => context.revert()));
    },
    current: () => {
      const context = shell.currentWidget && manager?.contextForWidget(shell.currentWidget);
      return context ? manager!.services.contents.localPath(context.path) : null;
    }
  };
}
