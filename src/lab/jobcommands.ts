import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { BatchJob, BatchRequest } from '../protocol';
import { CommandIDs } from './commands';
import { isOver } from './model/jobs';
import type { Failure, IJobsModel } from './tokens';
import { said } from './workspacework';

/** What a person is asked. */
export interface JobQuestions {
  /**
   * The form; null when it was called off.
   * @param refused what the form begins with: a request that was not accepted
   */
  submit(refused: BatchRequest | null, jobs: readonly BatchJob[], namespace: string): Promise<BatchRequest | null>;
  remove(job: BatchJob): Promise<boolean>;
  /** What Jobs are, and why there are none here. */
  about(failure: Failure): Promise<void>;
}

export interface JobViews {
  /** The log of a Job, beside the notebooks. */
  showLog(name: string): void;
  /** Make a notebook and open it; rejects when the server does not let it be written. */
  openNotebook(job: BatchJob): Promise<void>;
}

/** Submit, read, open and remove Jobs. A command of one Job takes its name as `job`. */
export function addJobCommands(
  commands: CommandRegistry,
  model: IJobsModel,
  questions: JobQuestions,
  views: JobViews,
  trans: TranslationBundle
): void {
  const known = () => (model.current.state === 'known' ? model.current : null);
  const chosen = ({ job }: { job?: unknown }) => known()?.jobs.find(({ name }) => name === job) ?? null;
  const isFree = () => known() !== null && model.outage === null && !model.asking;

  commands.addCommand(CommandIDs.submitJob, {
    label: trans.__('Evaluate on the Cluster…'),
    caption: trans.__('Submit an evaluation or a sweep as a Job on Kubernetes'),
    isEnabled: isFree,
    execute: async ({ again }) => {
      const now = known();
      const refused = again === true ? (model.refused?.request ?? null) : null;
      const request = now && (await questions.submit(refused, now.jobs, now.namespace));
      if (!request) {
        return;
      }
      try {
        const { job, made, notes } = await model.submit(request);
        const told = made
          ? trans.__('%1 is submitted.', job.name)
          : trans.__('%1 had been submitted before, and goes on.', job.name);
        Notification.success([told, ...notes].join(' '), { autoClose: notes.length > 0 ? false : 4000 });
      } catch (error) {
        // Cause, remedy and the form as it was filled in stand in the panel.
        Notification.error(trans.__('%1 was not made: %2', request.name, said(error)), { autoClose: 8000 });
      }
    }
  });
  commands.addCommand(CommandIDs.aboutJobs, {
    label: trans.__('About Jobs on Kubernetes'),
    isEnabled: () => model.current.state === 'absent',
    execute: async () => {
      if (model.current.state === 'absent') {
        await questions.about(model.current.failure);
      }
    }
  });
  commands.addCommand(CommandIDs.showJobLog, {
    label: trans.__('Show the Log of a Job'),
    isEnabled: args => chosen(args) !== null,
    execute: args => {
      const job = chosen(args);
      if (job) {
        views.showLog(job.name);
      }
    }
  });
  commands.addCommand(CommandIDs.openJobNotebook, {
    label: trans.__('Open a Job as a Notebook'),
    isEnabled: args => chosen(args) !== null,
    execute: async args => {
      const job = chosen(args);
      await (job && attempt(views.openNotebook(job)));
    }
  });
  commands.addCommand(CommandIDs.deleteJob, {
    label: trans.__('Cancel or Delete a Job…'),
    isEnabled: args => isFree() && chosen(args) !== null,
    execute: async args => {
      const job = chosen(args);
      if (job && (await questions.remove(job))) {
        const notes = await attempt(model.remove(job.name));
        const told = isOver(job) ? trans.__('%1 is deleted.', job.name) : trans.__('%1 is cancelled.', job.name);
        if (notes) {
          Notification.success([told, ...notes].join(' '), { autoClose: notes.length > 0 ? false : 4000 });
        }
      }
    }
  });
  model.changed.connect(() => {
    for (const id of [CommandIDs.submitJob, CommandIDs.showJobLog, CommandIDs.openJobNotebook, CommandIDs.deleteJob]) {
      commands.notifyCommandChanged(id);
    }
  });

  /** Null when it failed, and a notification then. */
  async function attempt<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      Notification.error(said(error), { autoClose: false });
      return null;
    }
  }
}
