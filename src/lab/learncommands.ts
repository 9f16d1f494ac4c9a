import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { LearnJob } from '../protocol';
import { RequestError } from './api';
import { CommandIDs } from './commands';
import type { ISidecarModel } from './tokens';

/** The learning job that is known; null before the first, and while no sidecar runs. */
export function learningOf({ current }: ISidecarModel): LearnJob | null {
  return current.state === 'running' ? (current.status.learn ?? null) : null;
}

/**
 * Learn, go on, stop, and use what was learned; a notification when a pass has ended, for it takes minutes.
 * @param chooseFolder asks a person for the folder of photographs; null when that is called off
 */
export function addLearningCommands(
  commands: CommandRegistry,
  model: ISidecarModel,
  chooseFolder: () => Promise<string | null>,
  trans: TranslationBundle
): void {
  const job = () => learningOf(model);
  const isFree = () => model.current.state === 'running' && model.operation === null && job()?.ended !== null;

  commands.addCommand(CommandIDs.learn, {
    label: trans.__('Learn an Obfuscation…'),
    caption: trans.__('Learn an obfuscation from a folder of photographs, and measure what it protects'),
    isEnabled: isFree,
    execute: async () => {
      const images = await chooseFolder();
      if (images !== null) {
        await attempt(model.learn({ images }));
      }
    }
  });
  commands.addCommand(CommandIDs.learnOn, {
    label: trans.__('Go On Learning'),
    caption: trans.__('Go on with the learning pass where it stopped'),
    isEnabled: () => isFree() && ['failed', 'cancelled'].includes(job()?.state ?? ''),
    execute: async () => {
      const last = job();
      await (last && attempt(model.learn(last.request)));
    }
  });
  commands.addCommand(CommandIDs.installLearned, {
    label: trans.__('Use What Was Learned'),
    caption: trans.__('Put the learned artefact into the model folder, in place of the one there'),
    isEnabled: () => isFree() && job()?.state === 'done' && !job()?.request.install,
    execute: async () => {
      const last = job();
      await (last && attempt(model.learn({ ...last.request, install: true })));
    }
  });
  commands.addCommand(CommandIDs.stopLearning, {
    label: trans.__('Stop Learning'),
    caption: trans.__('Stop the learning pass; it can go on later'),
    isEnabled: () => job()?.state === 'running',
    execute: () => attempt(model.stopLearning())
  });

  let before = job();
  model.changed.connect(() => {
    for (const id of [CommandIDs.learn, CommandIDs.learnOn, CommandIDs.installLearned, CommandIDs.stopLearning]) {
      commands.notifyCommandChanged(id);
    }
    const now = job();
    if (now && now.ended !== null && before?.job === now.job && before.ended === null) {
      announce(now);
    }
    before = now ?? before;
  });

  function announce({ state, request, error }: LearnJob): void {
    if (state === 'done') {
      const message = request.install ? trans.__('The learned obfuscation is in use.') : trans.__('An obfuscation was learned.');
      Notification.success(message, { autoClose: 5000 });
    } else if (state === 'failed' && error) {
      showFailure(error.message);
    }
  }

  async function attempt(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      showFailure(error instanceof RequestError ? error.message : String(error));
    }
  }

  function showFailure(message: string): void {
    Notification.error(message, {
      autoClose: false,
      actions: [{ label: trans.__('Show log'), callback: () => void commands.execute(CommandIDs.showLog) }]
    });
  }
}
