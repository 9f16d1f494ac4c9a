import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker, type MainAreaWidget } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { PanelApi } from '../api';
import { CommandIDs } from '../commands';
import { addJobCommands } from '../jobcommands';
import { notebookOf } from '../jobnotebook';
import { jobQuestions } from '../jobquestions';
import { JobsModel } from '../model/jobs';
import { IJobsModel } from '../tokens';
import { LogView, logWidget } from '../widgets/log';

/** Evaluations and sweeps on Kubernetes, and the commands that submit, read and remove them. */
export const jobsPlugin: JupyterFrontEndPlugin<IJobsModel> = {
  id: 'veilbook:jobs',
  description: 'Provides the Jobs on Kubernetes, and the commands that submit, read, open and remove them.',
  autoStart: true,
  provides: IJobsModel,
  optional: [ITranslator, ICommandPalette, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null
  ) => {
    const trans = (translator ?? nullTranslator).load('veilbook');
    const { serverSettings, events, contents } = app.serviceManager;
    const model = new JobsModel(new PanelApi(serverSettings, trans), events.stream);
    const logs = new WidgetTracker<MainAreaWidget<LogView>>({ namespace: 'veilbook-job-log' });

    const showLog = (name: string) => {
      const id = `veilbook-job-log-${name}`;
      const label = trans.__('Log of %1', name);
      const read = async () => linesOf(await model.logs(name));
      const widget = logs.find(one => one.id === id) ?? logWidget(new LogView(read, trans, label), trans, { id, label });
      if (!logs.has(widget)) {
        void logs.add(widget);
        app.shell.add(widget, 'main', { mode: 'split-bottom' });
      }
      app.shell.activateById(id);
      void widget.content.refresh();
    };
    const openNotebook: Parameters<typeof addJobCommands>[3]['openNotebook'] = async job => {
      const folder = browsers?.tracker.currentWidget?.model.path ?? '';
      const made = await contents.newUntitled({ path: folder, type: 'notebook' });
      await contents.save(made.path, { type: 'notebook', format: 'json', content: notebookOf(job) });
      // The name of the Job, unless there is such a notebook.
      const wished = PathExt.join(folder, `${job.name}.ipynb`);
      const named = await contents.rename(made.path, wished).catch(() => made);
      await app.commands.execute('docmanager:open', { path: named.path });
    };

    addJobCommands(app.commands, model, jobQuestions(trans), { showLog, openNotebook }, trans);
    palette?.addItem({ command: CommandIDs.submitJob, category: trans.__('Veilbook') });
    return model;
  }
};

/** Of several shards each line says of which. */
function linesOf(pods: Awaited<ReturnType<IJobsModel['logs']>>): string[] {
  return pods.flatMap(({ shard, lines }) => (pods.length > 1 ? lines.map(line => `[${shard}] ${line}`) : lines));
}
