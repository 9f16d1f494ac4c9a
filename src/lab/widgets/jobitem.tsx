import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretRightIcon,
  deleteIcon,
  notebookIcon,
  stopIcon,
  textEditorIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import React, { useEffect, useId, useState } from 'react';
import type { BatchJob } from '../../protocol';
import { CommandIDs } from '../commands';
import { progressOf, reasonOf, stateOf, subjectOf } from '../jobwords';
import { isOver } from '../model/jobs';
import type { IJobsModel } from '../tokens';
import { JobDetail } from './jobdetail';
import type { Execute } from './workspace';

interface JobItemProps {
  job: BatchJob;
  model: IJobsModel;
  disabled: boolean;
  execute: Execute;
  trans: TranslationBundle;
}

/** One Job: what it is, one bar over all its shards, what can be done with it; opened, what it found. */
export function JobItem({ job, model, disabled, execute, trans }: JobItemProps): JSX.Element {
  const { name, state, created, finished, request } = job;
  const [open, setOpen] = useState(false);
  const id = useId();
  useEffect(() => {
    const following = open ? model.follow(name) : null;
    return () => following?.dispose();
  }, [open, name]);
  const over = isOver(job);
  const Caret = open ? caretDownIcon : caretRightIcon;
  const reason = reasonOf(job);
  const button = (icon: LabIcon, label: string, command: string, on = true) => (
    <button
      type="button"
      className="jp-Veilbook-icon"
      title={label}
      aria-label={label}
      disabled={disabled || !on}
      onClick={() => execute(command, { job: name })}
    >
      <icon.react tag="span" width="16px" height="16px" />
    </button>
  );
  return (
    <li className="jp-Veilbook-job" data-state={state}>
      <button
        type="button"
        className="jp-Veilbook-jobName"
        aria-expanded={open}
        aria-controls={id}
        title={name}
        onClick={() => setOpen(!open)}
      >
        <Caret.react tag="span" width="16px" height="16px" />
        <span>{name}</span>
      </button>
      <span className="jp-Veilbook-snapshotActions" role="group" aria-label={trans.__('Actions of %1', name)}>
        {button(textEditorIcon, trans.__('Show the log of %1', name), CommandIDs.showJobLog)}
        {button(notebookIcon, trans.__('Open %1 as a notebook', name), CommandIDs.openJobNotebook)}
        {over
          ? button(deleteIcon, trans.__('Delete %1…', name), CommandIDs.deleteJob)
          : button(stopIcon, trans.__('Cancel %1…', name), CommandIDs.deleteJob, state !== 'deleting')}
      </span>
      <span className="jp-Veilbook-jobFacts">
        <span className="jp-Veilbook-jobState" role="status">
          {stateOf(state, trans)}
        </span>
        {request && <> · {subjectOf(request, trans)}</>} ·{' '}
        <time dateTime={finished ?? created} title={Time.format(finished ?? created)}>
          {Time.formatHuman(finished ?? created, 'narrow')}
        </time>
      </span>
      {!over && (
        <>
          <progress className="jp-Veilbook-share" aria-label={trans.__('%1, all shards', name)} value={job.share} max={1} />
          <span className="jp-Veilbook-jobFacts">{progressOf(job, trans)}</span>
        </>
      )}
      {reason && <span className={`jp-Veilbook-jobReason${state === 'failed' ? ' jp-mod-failed' : ''}`}>{reason}</span>}
      <div id={id} className="jp-Veilbook-jobDetail" hidden={!open}>
        {open && <JobDetail job={job} view={model.view(name)} trans={trans} />}
      </div>
    </li>
  );
}
