import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs, openCommand } from '../commands';
import { IJobsModel, IServersModel, ISidecarModel, IWorkspaceModel } from '../tokens';
import { JobsSection } from '../widgets/jobssection';
import { InferenceSection } from '../widgets/section';
import { VeilbookPanel } from '../widgets/panel';
import { ServersSection } from '../widgets/serverssection';
import { WorkspaceSection } from '../widgets/workspacesection';

/** The side panel in the left area. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'veilbook:panel',
  description: 'Adds the Veilbook side panel.',
  autoStart: true,
  requires: [ISidecarModel, IWorkspaceModel, IJobsModel, IServersModel],
  optional: [ITranslator, ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    model: ISidecarModel,
    workspace: IWorkspaceModel,
    jobs: IJobsModel,
    servers: IServersModel,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('veilbook');
    const panel = new VeilbookPanel(translator ?? nullTranslator);
    panel.addWidget(new WorkspaceSection(workspace, app.commands, trans));
    panel.addWidget(new InferenceSection(model, app.commands, trans));
    panel.addWidget(new JobsSection(jobs, app.commands, trans));
    panel.addFolded(new ServersSection(servers, app.commands, trans));
    followJobs(panel, jobs);
    app.shell.add(panel, 'left', { rank: 550 });
    restorer?.add(panel, panel.id);
    app.commands.addCommand(
      CommandIDs.open,
      openCommand(trans, () => app.shell.activateById(panel.id))
    );
    palette?.addItem({ command: CommandIDs.open, category: trans.__('Veilbook') });
  }
};

/** Jobs have a third of the panel where there are any, and else the height of a line or two. */
function followJobs(panel: VeilbookPanel, { changed }: IJobsModel): void {
  let some = false;
  const divide = () => panel.divide(some ? [2, 2, 2] : [3, 3, 1]);
  changed.connect(({ current }) => {
    const now = current.state === 'known' && current.jobs.length > 0;
    if (now !== some) {
      some = now;
      divide();
    }
  });
  divide();
}
