import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IFrame, MainAreaWidget } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { PanelApi } from '../api';
import { CommandIDs } from '../commands';
import { addCompareCommand, diffUrl, hasNbdime } from '../compare';
import { askForSnapshot, fileQuestions } from '../filequestions';
import { WorkspaceModel } from '../model/workspace';
import { openDocuments } from '../opendocuments';
import { otherQuestions } from '../otherquestions';
import { addOtherWorkspaceCommands } from '../otherworkspaces';
import { addRestoreFilesCommand } from '../restorefiles';
import { addRetentionCommand } from '../retention';
import { retentionQuestions } from '../retentionquestions';
import { selectedPaths } from '../selectedpaths';
import { DEFAULTS, followSettings } from '../settings';
import { IWorkspaceModel } from '../tokens';
import { addWorkspaceCommands } from '../workspacecommands';
import { workspaceQuestions } from '../workspacequestions';
import { WorkspaceWork } from '../workspacework';

const IN_PALETTE = [
  CommandIDs.snapshot,
  CommandIDs.snapshotRunAll,
  CommandIDs.undoRestore,
  CommandIDs.compareNotebook,
  CommandIDs.cleanUpSnapshots,
  CommandIDs.stopOperation
];

/** Snapshots of the server's root folder, and the commands that take and use them. */
export const workspacePlugin: JupyterFrontEndPlugin<IWorkspaceModel> = {
  id: 'veilbook:workspace',
  description: 'Provides the workspace with its snapshots, and the commands that take, restore, clone and delete them.',
  autoStart: true,
  provides: IWorkspaceModel,
  optional: [ITranslator, IDocumentManager, ICommandPalette, IFileBrowserFactory, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    manager: IDocumentManager | null,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null,
    registry: ISettingRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load('veilbook');
    const { serverSettings, events, contents } = app.serviceManager;
    const model = new WorkspaceModel(new PanelApi(serverSettings, trans), events.stream);
    const work = new WorkspaceWork(app.commands, model, openDocuments(app.shell, manager), trans);
    const questions = workspaceQuestions(trans);
    const selected = () => selectedPaths(browsers, contents);
    let settings = DEFAULTS;
    void followSettings(registry, now => {
      settings = now;
    });

    const afterSnapshot = addRetentionCommand(work, retentionQuestions(trans), () => settings);
    addWorkspaceCommands(work, questions, afterSnapshot);
    addRestoreFilesCommand(work, fileQuestions(trans), selected);
    addOtherWorkspaceCommands(work, otherQuestions(questions.clone, trans));
    addCompareCommand(
      work,
      {
        compare: (path, holdings, unsaved) => {
          const lines = unsaved > 0 ? [trans.__('Changes that are not saved are not compared.')] : [];
          return askForSnapshot(holdings, lines, trans.__('Compare %1', path), trans.__('Compare'), trans);
        }
      },
      selected,
      {
        isInstalled: () => hasNbdime(serverSettings),
        show: (before, now, title) => {
          // nbdime's own page, of this server: it needs its scripts and the server's cookie.
          const content = new IFrame({ sandbox: ['allow-scripts', 'allow-same-origin', 'allow-downloads'] });
          content.url = diffUrl(serverSettings.baseUrl, before, now);
          content.title.label = trans.__('%1: what changed', title);
          content.title.closable = true;
          app.shell.add(new MainAreaWidget({ content }), 'main', { mode: 'tab-after' });
        }
      }
    );
    for (const command of IN_PALETTE) {
      palette?.addItem({ command, category: trans.__('Veilbook') });
    }
    return model;
  }
};
