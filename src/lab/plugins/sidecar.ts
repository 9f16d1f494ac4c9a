import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { PanelApi } from '../api';
import { addSidecarCommands, CommandIDs } from '../commands';
import { SidecarModel } from '../model/sidecar';
import { followSettings, SETTINGS_ID } from '../settings';
import { ISidecarModel } from '../tokens';

/** The state of the sidecar, and the commands that change it. */
export const sidecarPlugin: JupyterFrontEndPlugin<ISidecarModel> = {
  id: SETTINGS_ID,
  description: 'Provides the state of the Veilbook sidecar and the commands that start, restart and stop it.',
  autoStart: true,
  provides: ISidecarModel,
  optional: [ITranslator, ISettingRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('veilbook');
    const { serverSettings, events } = app.serviceManager;
    const model = new SidecarModel(new PanelApi(serverSettings, trans), events.stream, 10_000);
    void followSettings(registry, ({ pollInterval }) => {
      model.interval = pollInterval * 1000;
    });
    addSidecarCommands(app.commands, model, trans);
    for (const command of [CommandIDs.start, CommandIDs.restart, CommandIDs.stop]) {
      palette?.addItem({ command, category: trans.__('Veilbook') });
    }
    return model;
  }
};
