import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { BatchJob } from '../protocol';
import type { JobQuestions } from './jobcommands';
import { draftOf, requestOf, type JobDraft } from './jobdraft';
import { isOver } from './model/jobs';
import { CopyLine } from './widgets/copyline';
import { JobForm } from './widgets/jobform';

/** The questions about Jobs as dialogs. */
export function jobQuestions(trans: TranslationBundle): JobQuestions {
  return {
    submit: async (refused, jobs, namespace) => {
      const body = new FormBody(draftOf(refused, jobs), jobs, namespace, trans);
      const { button, value } = await showDialog<JobDraft>({
        title: trans.__('Evaluate on the cluster'),
        body,
        focusNodeSelector: 'input',
        buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: trans.__('Submit') })]
      });
      return button.accept && value ? requestOf(value, jobs) : null;
    },
    about: async failure => {
      const body = ReactWidget.create(
        <>
          <p>
            {trans.__(
              'A data set that lies in a PersistentVolumeClaim is evaluated there: in one pod, or in many that each take a part, with or without noise, and swept over ALPHA. A clean evaluation gives the same numbers as on one machine.'
            )}
          </p>
          <p>{failure.message}</p>
          <p>
            {trans.__(
              'In a pod of a cluster, and where a kubeconfig names one, the Jobs of its namespace are shown here. This prints the Role that they need:'
            )}{' '}
            <CopyLine text="veilbook rbac --jobs" trans={trans} />
          </p>
          <p>
            {trans.__('The same on a terminal; docs/jobs.md says more:')} <CopyLine text="veilbook job --help" trans={trans} />
          </p>
        </>
      );
      body.addClass('jp-Veilbook-dialog');
      await showDialog({ title: trans.__('Jobs on Kubernetes'), body, buttons: [Dialog.okButton({ label: trans.__('Close') })] });
    },
    remove: async job => {
      const over = isOver(job);
      const lines = [
        over
          ? trans.__('The Job goes, with its pods and their logs.')
          : trans.__('It stops, and goes with its pods and their logs.'),
        job.results
          ? trans.__('What was written to %1 stays, and the same request goes on from there.', job.results)
          : trans.__('Its result is in the log alone, and goes too.')
      ];
      const title = over ? trans.__('Delete %1?', job.name) : trans.__('Cancel %1?', job.name);
      const label = over ? trans.__('Delete') : trans.__('Cancel the Job');
      const buttons = [Dialog.cancelButton({ label: trans.__('Keep it') }), Dialog.warnButton({ label })];
      return (await showDialog({ title, body: lines.join(' '), buttons, defaultButton: 0 })).button.accept;
    }
  };
}

/** The form as the body of a dialog, which lets nothing be submitted that a field does not allow. */
class FormBody extends ReactWidget implements Dialog.IBodyWidget<JobDraft> {
  constructor(
    private _draft: JobDraft,
    private readonly _jobs: readonly BatchJob[],
    private readonly _namespace: string,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-Veilbook-dialog');
  }

  getValue(): JobDraft {
    return this._draft;
  }

  protected override render(): JSX.Element {
    return (
      <JobForm
        initial={this._draft}
        jobs={this._jobs}
        namespace={this._namespace}
        onChange={draft => {
          this._draft = draft;
        }}
        trans={this._trans}
      />
    );
  }
}
