import { InputDialog } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { FileDialog } from '@jupyterlab/filebrowser';
import type { ITranslator } from '@jupyterlab/translation';

/**
 * Ask for a folder of the server: by JupyterLab's own dialog where there is a document manager, else by its path.
 * @returns a path below the server's root directory, or as it was typed; null when the dialog was called off
 */
export async function chooseFolder(manager: IDocumentManager | null, translator: ITranslator): Promise<string | null> {
  const trans = translator.load('veilbook');
  const title = trans.__('Learn from the photographs in a folder');
  if (manager) {
    const label = trans.__(
      'Open the folder, or select it. Photographs are searched for in all its folders; none leaves the machine.'
    );
    const { value } = await FileDialog.getExistingDirectory({ manager, title, label, translator });
    const chosen = value?.[0];
    return chosen ? manager.services.contents.localPath(chosen.path) : null;
  }
  const { value } = await InputDialog.getText({
    title,
    label: trans.__('Folder on the server'),
    placeholder: trans.__('photographs')
  });
  return value?.trim() ? value.trim() : null;
}
