import type { TranslationBundle } from '@jupyterlab/translation';
import { errorIcon, lockIcon, type LabIcon } from '@jupyterlab/ui-components';
import React from 'react';
import { CommandIDs } from '../commands';
import type { Failure, IJobsModel, RefusedJob } from '../tokens';
import { JobItem } from './jobitem';
import { Remedy } from './notallowed';
import { Message, Offline, Retry } from './states';
import type { Execute } from './workspace';

interface JobsProps {
  model: IJobsModel;
  execute: Execute;
  trans: TranslationBundle;
}

/** What the section shows, state by state. Where there is no cluster it is one line, and nobody is asked to do anything. */
export function Jobs({ model, execute, trans }: JobsProps): JSX.Element {
  const { current, outage, asking } = model;
  const retry = () => void model.refresh();
  if (outage?.kind === 'forbidden') {
    return (
      <div className="jp-Veilbook-content jp-Veilbook-jobs">
        <Refused icon={lockIcon} title={trans.__('Not allowed')} failure={outage.failure} onRetry={retry} trans={trans} />
      </div>
    );
  }
  return (
    <div className="jp-Veilbook-content jp-Veilbook-jobs" aria-busy={asking}>
      {outage &&
        (current.state === 'known' ? (
          <Offline failure={outage.failure} asOf={model.asOf} onRetry={retry} trans={trans} />
        ) : (
          // The sections above say so aloud.
          <p className="jp-Veilbook-hint">{outage.failure.message}</p>
        ))}
      {current.state === 'unknown' && !outage && (
        <div className="jp-Veilbook-asking" role="status">
          {trans.__('Looking for Jobs…')}
        </div>
      )}
      {current.state === 'stopped' && !outage && (
        <p className="jp-Veilbook-hint">{trans.__('Jobs on a cluster are shown while the sidecar runs.')}</p>
      )}
      {current.state === 'absent' && !outage && (
        <Absent onAbout={() => execute(CommandIDs.aboutJobs)} onRetry={retry} trans={trans} />
      )}
      {current.state === 'broken' && !outage && (
        <Refused
          icon={errorIcon}
          title={trans.__('Jobs cannot be listed')}
          failure={current.failure}
          onRetry={retry}
          trans={trans}
        />
      )}
      {current.state === 'known' && (
        <>
          {model.refused && (
            <RefusedNote
              refused={model.refused}
              disabled={asking || outage !== null}
              onChange={() => execute(CommandIDs.submitJob, { again: true })}
              onDismiss={() => model.dismiss()}
              trans={trans}
            />
          )}
          {current.jobs.length === 0 ? (
            <p className="jp-Veilbook-hint">
              {trans.__('No Job so far. One evaluates a data set in pods of namespace %1.', current.namespace)}
            </p>
          ) : (
            <ol className="jp-Veilbook-jobList" aria-label={trans.__('Jobs in namespace %1', current.namespace)}>
              {current.jobs.map(job => (
                <JobItem
                  key={`${job.name} ${job.created}`}
                  job={job}
                  model={model}
                  disabled={asking || outage !== null}
                  execute={execute}
                  trans={trans}
                />
              ))}
            </ol>
          )}
          <div className="jp-Veilbook-buttons">
            <button
              type="button"
              className="jp-Veilbook-button"
              disabled={asking || outage !== null}
              onClick={() => execute(CommandIDs.submitJob)}
            >
              {trans.__('Evaluate on the cluster…')}
            </button>
            {asking && (
              <span className="jp-Veilbook-asking" role="status">
                {trans.__('The cluster is asked…')}
              </span>
            )}
          </div>
        </>
      )}
    </div>
  );
}

interface AbsentProps {
  onAbout: () => void;
  onRetry: () => void;
  trans: TranslationBundle;
}

/** No alert and no icon: most people have no cluster. Why there is none is said to who asks. */
function Absent({ onAbout, onRetry, trans }: AbsentProps): JSX.Element {
  return (
    <p className="jp-Veilbook-hint">
      {trans.__('For data sets in a Kubernetes cluster; none can be reached from here.')}{' '}
      <button type="button" className="jp-Veilbook-link" onClick={onAbout}>
        {trans.__('How it works')}
      </button>{' '}
      ·{' '}
      <button type="button" className="jp-Veilbook-link" onClick={onRetry}>
        {trans.__('Look again')}
      </button>
    </p>
  );
}

interface RefusedProps {
  icon: LabIcon;
  title: string;
  failure: Failure;
  onRetry: () => void;
  trans: TranslationBundle;
}

/** Like a message of the other sections, with a remedy whose command can be copied. */
function Refused({ icon, title, failure, onRetry, trans }: RefusedProps): JSX.Element {
  return (
    <Message icon={icon} alert title={title} text={failure.message}>
      {failure.remedy && (
        <p className="jp-Veilbook-jobRemedy">
          <Remedy text={failure.remedy} trans={trans} />
        </p>
      )}
      <Retry onRetry={onRetry} trans={trans} />
    </Message>
  );
}

interface RefusedNoteProps {
  refused: RefusedJob;
  disabled: boolean;
  onChange: () => void;
  onDismiss: () => void;
  trans: TranslationBundle;
}

/** Why the last Job was not made; the form opens again as it was filled in. */
function RefusedNote({ refused, disabled, onChange, onDismiss, trans }: RefusedNoteProps): JSX.Element {
  const { request, failure } = refused;
  return (
    <section className="jp-Veilbook-failure" role="alert" aria-label={trans.__('Job that was not made')}>
      <p>
        <b>{trans.__('%1 was not made', request.name)}</b>
      </p>
      <p>{failure.message}</p>
      {failure.remedy && (
        <p>
          <Remedy text={failure.remedy} trans={trans} />
        </p>
      )}
      <p className="jp-Veilbook-timelineFoot">
        <button type="button" className="jp-Veilbook-link" disabled={disabled} onClick={onChange}>
          {trans.__('Change and submit…')}
        </button>
        <button type="button" className="jp-Veilbook-link" onClick={onDismiss}>
          {trans.__('Dismiss')}
        </button>
      </p>
    </section>
  );
}
