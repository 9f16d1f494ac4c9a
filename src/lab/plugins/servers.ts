import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { PanelApi } from '../api';
import { CommandIDs } from '../commands';
import { ServersModel } from '../model/servers';
import { addServerCommands } from '../servercommands';
import { serverQuestions } from '../serverquestions';
import { followSettings, SETTINGS_ID } from '../settings';
import { activeCell } from '../tailcell';
import { IServersModel } from '../tokens';

/** Model servers, the ledger, and the commands that use them. */
export const serversPlugin: JupyterFrontEndPlugin<IServersModel> = {
  id: 'veilbook:servers',
  description: 'Provides the model servers and the ledger, and the commands that put a tail into a cell and download receipts.',
  autoStart: true,
  provides: IServersModel,
  optional: [ITranslator, ISettingRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('veilbook');
    const { serverSettings, events } = app.serviceManager;
    // Without a registry of settings they last as long as the page.
    const save = async (servers: string[]) => registry?.set(SETTINGS_ID, 'servers', servers);
    const model = new ServersModel(new PanelApi(serverSettings, trans), events.stream, save);
    void followSettings(registry, ({ servers }) => model.setAdded(servers));
    addServerCommands(app.commands, model, serverQuestions(trans), { cell: () => activeCell(app.shell), download }, trans);
    for (const command of [CommandIDs.useAsTail, CommandIDs.addServer, CommandIDs.verifyLedger]) {
      palette?.addItem({ command, category: trans.__('Veilbook') });
    }
    return model;
  }
};

function download(name: string, content: object): void {
  const url = URL.createObjectURL(new Blob([`${JSON.stringify(content, null, 2)}\n`], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it in its own time.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
