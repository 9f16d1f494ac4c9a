import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { workspaceOperations } from '../runningoperations';
import { IWorkspaceModel } from '../tokens';

/** What is under way, among terminals and kernels. */
export const runningPlugin: JupyterFrontEndPlugin<void> = {
  id: 'veilbook:running',
  description: 'Lists the running workspace operation in the panel of running sessions.',
  autoStart: true,
  requires: [IWorkspaceModel],
  optional: [IRunningSessionManagers, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: IWorkspaceModel,
    managers: IRunningSessionManagers | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('veilbook');
    managers?.add(workspaceOperations(model, app.commands, trans));
  }
};
