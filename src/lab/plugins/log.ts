import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, type MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs, showLogCommand } from '../commands';
import { followSettings } from '../settings';
import { ISidecarModel } from '../tokens';
import { LogView, logWidget } from '../widgets/log';

/** The sidecar's log in the main area. */
export const logPlugin: JupyterFrontEndPlugin<void> = {
  id: 'veilbook:log',
  description: 'Shows the log of the Veilbook sidecar.',
  autoStart: true,
  requires: [ISidecarModel],
  optional: [ITranslator, ILayoutRestorer, ICommandPalette, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    model: ISidecarModel,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load('veilbook');
    const tracker = new WidgetTracker<MainAreaWidget<LogView>>({ namespace: 'veilbook-log' });
    let lines = 200;
    void followSettings(registry, ({ logLines }) => {
      lines = logLines;
    });
    app.commands.addCommand(
      CommandIDs.showLog,
      showLogCommand(trans, () => {
        const widget = tracker.currentWidget ?? logWidget(new LogView(() => model.readLog(lines), trans), trans);
        if (!tracker.has(widget)) {
          void tracker.add(widget);
          app.shell.add(widget, 'main', { mode: 'split-bottom' });
        }
        app.shell.activateById(widget.id);
        void widget.content.refresh();
      })
    );
    palette?.addItem({ command: CommandIDs.showLog, category: trans.__('Veilbook') });
    void restorer?.restore(tracker, { command: CommandIDs.showLog, name: () => 'log' });
  }
};
