import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';

/** Drives whose paths are those of the server: its own, and that of documents which several people edit. */
const OF_THE_SERVER = ['', 'RTC'];

/** What is selected in the file browser, relative to the server's root; what another drive holds is in no snapshot. */
export function selectedPaths(browsers: IFileBrowserFactory | null, contents: Contents.IManager): string[] {
  const items = [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
  return items
    .map(({ path }) => path)
    .filter(path => OF_THE_SERVER.includes(contents.driveName(path)))
    .map(path => contents.localPath(path));
}
