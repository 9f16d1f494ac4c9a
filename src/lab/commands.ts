import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon, runIcon, stopIcon, textEditorIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { veilbookIcon } from './icons';
import { RequestError } from './api';
import type { ISidecarModel, Operation } from './tokens';

export const CommandIDs = {
  open: 'veilbook:open',
  start: 'veilbook:start',
  restart: 'veilbook:restart',
  stop: 'veilbook:stop',
  learn: 'veilbook:learn',
  learnOn: 'veilbook:learn-on',
  stopLearning: 'veilbook:stop-learning',
  installLearned: 'veilbook:install-learned',
  snapshot: 'veilbook:snapshot',
  snapshotRunAll: 'veilbook:snapshot-run-all',
  restoreSnapshot: 'veilbook:restore-snapshot',
  restoreFiles: 'veilbook:restore-files',
  compareNotebook: 'veilbook:compare-notebook',
  undoRestore: 'veilbook:undo-restore',
  cloneSnapshot: 'veilbook:clone-snapshot',
  pinSnapshot: 'veilbook:pin-snapshot',
  deleteSnapshot: 'veilbook:delete-snapshot',
  cleanUpSnapshots: 'veilbook:clean-up-snapshots',
  openWorkspace: 'veilbook:open-workspace',
  cloneWorkspace: 'veilbook:clone-workspace',
  deleteWorkspace: 'veilbook:delete-workspace',
  stopOperation: 'veilbook:stop-workspace-operation',
  submitJob: 'veilbook:submit-job',
  aboutJobs: 'veilbook:about-jobs',
  showJobLog: 'veilbook:show-job-log',
  openJobNotebook: 'veilbook:open-job-notebook',
  deleteJob: 'veilbook:delete-job',
  useAsTail: 'veilbook:use-as-tail',
  addServer: 'veilbook:add-server',
  removeServer: 'veilbook:remove-server',
  verifyLedger: 'veilbook:verify-ledger',
  downloadReceipt: 'veilbook:download-receipt',
  showLog: 'veilbook:show-log'
} as const;

/** Start, restart and stop, each with one notification that follows it to its end. */
export function addSidecarCommands(commands: CommandRegistry, model: ISidecarModel, trans: TranslationBundle): void {
  const isRunning = () => model.current.state === 'running';
  const isIdle = () => model.operation === null;
  const perform = (operation: Operation, pending: string, done: string) => announce(model.run(operation), pending, done);

  commands.addCommand(CommandIDs.start, {
    label: trans.__('Start Sidecar'),
    caption: trans.__('Start the process that runs the detector'),
    icon: runIcon,
    isEnabled: () => isIdle() && !isRunning(),
    execute: () => perform('start', trans.__('Starting the sidecar…'), trans.__('The sidecar runs.'))
  });
  commands.addCommand(CommandIDs.restart, {
    label: trans.__('Restart Sidecar'),
    caption: trans.__('End the process that runs the detector, and start a new one'),
    icon: refreshIcon,
    isEnabled: isIdle,
    execute: () => perform('restart', trans.__('Restarting the sidecar…'), trans.__('The sidecar runs again.'))
  });
  commands.addCommand(CommandIDs.stop, {
    label: trans.__('Stop Sidecar'),
    caption: trans.__('End the process that runs the detector; the next cell starts a new one'),
    icon: stopIcon,
    isEnabled: () => isIdle() && model.current.state !== 'stopped',
    execute: () => perform('stop', trans.__('Stopping the sidecar…'), trans.__('The sidecar has stopped.'))
  });
  model.changed.connect(() => {
    for (const id of [CommandIDs.start, CommandIDs.restart, CommandIDs.stop]) {
      commands.notifyCommandChanged(id);
    }
  });

  async function announce(work: Promise<void>, pending: string, done: string): Promise<void> {
    const id = Notification.emit(pending, 'in-progress', { autoClose: false });
    try {
      await work;
      Notification.update({ id, message: done, type: 'success', autoClose: 3000 });
    } catch (error) {
      // A longer message is cut: cause and remedy stand in the panel, the whole story in the log.
      const message = error instanceof RequestError ? error.failure.message : String(error);
      Notification.update({
        id,
        message,
        type: 'error',
        autoClose: false,
        actions: [{ label: trans.__('Show log'), callback: () => void commands.execute(CommandIDs.showLog) }]
      });
    }
  }
}

/** The icons and texts of the commands whose widgets belong to a plugin. */
export function openCommand(trans: TranslationBundle, execute: () => void): CommandRegistry.ICommandOptions {
  return { label: trans.__('Open Veilbook Panel'), icon: veilbookIcon, execute };
}

export function showLogCommand(
  trans: TranslationBundle,
  execute: CommandRegistry.ICommandOptions['execute']
): CommandRegistry.ICommandOptions {
  return {
    label: trans.__('Show Sidecar Log'),
    caption: trans.__('Show the last lines that the sidecar wrote'),
    icon: textEditorIcon,
    execute
  };
}
