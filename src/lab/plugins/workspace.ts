import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { PanelApi } from '../api';
import { CommandIDs } from '../commands';
import { WorkspaceModel } from '../model/workspace';
import { openDocuments } from '../opendocuments';
import { IWorkspaceModel } from '../tokens';
import { addWorkspaceCommands } from '../workspacecommands';
import { workspaceQuestions } from '../workspacequestions';

/** Snapshots of the server's root folder, and the commands that take and use them. */
export const workspacePlugin: JupyterFrontEndPlugin<IWorkspaceModel> = {
  id: 'veilbook:workspace',
  description: 'Provides the workspace with its snapshots, and the commands that take, restore, clone and delete them.',
  autoStart: true,
  provides: IWorkspaceModel,
  optional: [ITranslator, IDocumentManager, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    manager: IDocumentManager | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('veilbook');
    const { serverSettings, events } = app.serviceManager;
    const model = new WorkspaceModel(new PanelApi(serverSettings, trans), events.stream);
    addWorkspaceCommands(app.commands, model, openDocuments(app.shell, manager), workspaceQuestions(trans), trans);
    for (const command of [CommandIDs.snapshot, CommandIDs.undoRestore, CommandIDs.stopOperation]) {
      palette?.addItem({ command, category: trans.__('Veilbook') });
    }
    return model;
  }
};
