import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { CommandIDs } from './commands';
import type { Holding } from './tokens';
import type { WorkspaceWork } from './workspacework';

/** nbdime's page in this Jupyter server, where it is installed. */
export interface NotebookDiff {
  isInstalled(): Promise<boolean>;
  /**
   * Show two notebooks side by side.
   * @param before path of the server's file system
   * @param now path relative to the server's root
   * @param title of the tab
   */
  show(before: string, now: string, title: string): void;
}

export interface CompareQuestions {
  /** With which snapshot; null when the dialog was called off. */
  compare(path: string, holdings: Holding[], unsaved: number): Promise<string | null>;
}

/**
 * "Compare with snapshot…": the notebook in front, or the one selected in the file browser.
 * @param selected paths of what is selected there, relative to the server's root
 */
export function addCompareCommand(
  work: WorkspaceWork,
  questions: CompareQuestions,
  selected: () => string[],
  diff: NotebookDiff
): void {
  const { commands, model, documents, trans } = work;
  const notebook = (args: { selected?: unknown }): string | null => {
    const paths = args.selected ? selected() : [documents.current()];
    return paths.length === 1 && paths[0]?.endsWith('.ipynb') ? paths[0] : null;
  };

  commands.addCommand(CommandIDs.compareNotebook, {
    label: args => (args.menu ? trans.__('Compare Open Notebook') : trans.__('Compare with Snapshot…')),
    caption: trans.__('Show what has changed in a notebook since a snapshot'),
    isEnabled: args => model.outage === null && work.view?.capabilities.browse !== false && notebook(args) !== null,
    execute: async args => {
      const path = notebook(args);
      if (path === null) {
        return;
      }
      if (!(await diff.isInstalled())) {
        const body = trans.__(
          'Comparing is done by nbdime. Run `pip install nbdime` where the Jupyter server runs, and restart it.'
        );
        await work.tell(trans.__('nbdime is not installed'), body);
        return;
      }
      const all = await work.attempt(model.holdings([path]));
      const holdings = (all ?? []).filter(({ snapshot, held }) => snapshot.tree !== null && held !== null);
      const wanted = holdings.filter(({ snapshot }) => args.snapshot === undefined || snapshot.id === args.snapshot);
      if (all && wanted.length === 0) {
        await work.tell(trans.__('Nothing to compare with'), trans.__('%1 is not in the snapshot.', path));
      }
      if (wanted.length > 0) {
        const id =
          args.snapshot === undefined ? await questions.compare(path, wanted, documents.unsaved([path])) : wanted[0].snapshot.id;
        const tree = wanted.find(({ snapshot }) => snapshot.id === id)?.snapshot.tree;
        if (tree) {
          diff.show(`${tree}/${path}`, path, path.slice(path.lastIndexOf('/') + 1));
        }
      }
    }
  });
}

/** The address of nbdime's page; without arguments the one that tells whether it is there. */
export function diffUrl(baseUrl: string, before = '', now = ''): string {
  return URLExt.join(baseUrl, 'nbdime/difftool') + URLExt.objectToQueryString({ base: before, remote: now });
}

/** Whether nbdime's server extension answers. */
export async function hasNbdime(settings: ServerConnection.ISettings): Promise<boolean> {
  const answer = await ServerConnection.makeRequest(diffUrl(settings.baseUrl), {}, settings).catch(() => null);
  return answer?.ok ?? false;
}
