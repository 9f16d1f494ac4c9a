import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { VeilbookPanel } from '../widgets/panel';

/** The side panel in the left area. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'veilbook:panel',
  description: 'Adds the Veilbook side panel.',
  autoStart: true,
  optional: [ITranslator, ILayoutRestorer],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null, restorer: ILayoutRestorer | null) => {
    const panel = new VeilbookPanel(translator ?? nullTranslator);
    app.shell.add(panel, 'left', { rank: 550 });
    restorer?.add(panel, panel.id);
  }
};
