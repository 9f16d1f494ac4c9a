import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from '../commands';
import { chooseFolder } from '../folder';
import { addLearningCommands } from '../learncommands';
import { ISidecarModel } from '../tokens';

/** Learning an obfuscation from the panel and the command palette. */
export const learnPlugin: JupyterFrontEndPlugin<void> = {
  id: 'veilbook:learn',
  description: 'Adds the commands that learn an obfuscation from photographs.',
  autoStart: true,
  requires: [ISidecarModel],
  optional: [ITranslator, IDocumentManager, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    model: ISidecarModel,
    translator: ITranslator | null,
    manager: IDocumentManager | null,
    palette: ICommandPalette | null
  ) => {
    const languages = translator ?? nullTranslator;
    const trans = languages.load('veilbook');
    addLearningCommands(app.commands, model, () => chooseFolder(manager, languages), trans);
    for (const command of [CommandIDs.learn, CommandIDs.learnOn, CommandIDs.stopLearning, CommandIDs.installLearned]) {
      palette?.addItem({ command, category: trans.__('Veilbook') });
    }
  }
};
