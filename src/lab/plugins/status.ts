import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { CommandIDs } from '../commands';
import { followSettings } from '../settings';
import { ISidecarModel } from '../tokens';
import { StatusItem } from '../widgets/statusitem';

/** Device and ALPHA in the status bar. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'veilbook:status',
  description: 'Shows device and ALPHA in the status bar.',
  autoStart: true,
  requires: [ISidecarModel],
  optional: [IStatusBar, ITranslator, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    model: ISidecarModel,
    statusBar: IStatusBar | null,
    translator: ITranslator | null,
    registry: ISettingRegistry | null
  ) => {
    if (!statusBar) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('veilbook');
    let registration: IDisposable | null = null;
    void followSettings(registry, settings => {
      if (!settings.statusBar) {
        // The status bar disposes of the item with its registration.
        registration?.dispose();
        registration = null;
      } else if (!registration) {
        const item = new StatusItem(model, trans, () => void app.commands.execute(CommandIDs.open));
        registration = statusBar.registerStatusItem('veilbook:status', { item, align: 'left', rank: 5 });
      }
    });
  }
};
