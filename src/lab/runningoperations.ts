import type { IRunningSessions } from '@jupyterlab/running';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { CommandIDs } from './commands';
import { snapshotIcon } from './icons';
import type { IWorkspaceModel } from './tokens';
import { kindOf, phaseOf } from './widgets/workspaceoperation';

/** The running operation of the workspace as JupyterLab's panel of running sessions lists it; shutting it down cancels it. */
export function workspaceOperations(
  model: IWorkspaceModel,
  commands: CommandRegistry,
  trans: TranslationBundle
): IRunningSessions.IManager {
  const changed = new Signal<IWorkspaceModel, void>(model);
  let shown = '';
  model.changed.connect(() => {
    const { record } = model.running ?? {};
    const now = record ? `${record.id} ${record.phase}` : '';
    if (now !== shown) {
      shown = now;
      changed.emit();
    }
  });
  const cancel = () => void commands.execute(CommandIDs.stopOperation);
  return {
    name: trans.__('Workspace operations'),
    supportsMultipleViews: false,
    running: () => {
      const { record } = model.running ?? {};
      return record
        ? [
            {
              label: () => `${kindOf(record.kind, trans)}: ${phaseOf(record.phase, trans)}`,
              icon: () => snapshotIcon,
              open: () => void commands.execute(CommandIDs.open),
              shutdown: cancel
            }
          ]
        : [];
    },
    refreshRunning: () => void model.refresh(),
    runningChanged: changed,
    shutdownLabel: trans.__('Cancel'),
    shutdownAll: cancel,
    shutdownAllLabel: trans.__('Cancel all'),
    shutdownAllConfirmationText: () => trans.__('Cancel the running operation? The workspace stays as it is.')
  };
}
