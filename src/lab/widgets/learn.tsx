import { PathExt, Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { LearnJob } from '../../protocol';
import { CommandIDs } from '../commands';
import { LearnedTable } from './learned';
import { LearningProgress } from './learnprogress';

interface LearnProps {
  /** The last learning job; null before the first. */
  job: LearnJob | null;
  disabled: boolean;
  /** Runs a command of JupyterLab. */
  execute: (command: string) => void;
  trans: TranslationBundle;
}

/** Learning an obfuscation: how far it is, what came out, and what can be done about it. */
export function Learn({ job, disabled, execute, trans }: LearnProps): JSX.Element {
  const button = (label: string, command: string, accept = false) => (
    <button
      type="button"
      className={`jp-Veilbook-button${accept ? ' jp-mod-accept' : ''}`}
      disabled={disabled}
      onClick={() => execute(command)}
    >
      {label}
    </button>
  );
  return (
    <section className="jp-Veilbook-learn" aria-label={trans.__('Learning')}>
      <h3>{trans.__('Learning')}</h3>
      {job === null ? (
        <p className="jp-Veilbook-hint">
          {trans.__('Learn an obfuscation from photographs of yours. It measures what ALPHA takes from attackers.')}
        </p>
      ) : (
        <Outcome job={job} trans={trans} />
      )}
      <div className="jp-Veilbook-buttons">
        {job?.state === 'running' && button(trans.__('Stop'), CommandIDs.stopLearning)}
        {job?.state === 'done' && !job.request.install && button(trans.__('Use it'), CommandIDs.installLearned, true)}
        {(job?.state === 'failed' || job?.state === 'cancelled') && button(trans.__('Go on'), CommandIDs.learnOn, true)}
        {job?.ended !== null && button(trans.__('Learn…'), CommandIDs.learn)}
      </div>
    </section>
  );
}

function Outcome({ job, trans }: { job: LearnJob; trans: TranslationBundle }): JSX.Element {
  const { state, request, progress, report, error, ended } = job;
  const percent = Math.floor(100 * (progress?.done ?? 0));
  switch (state) {
    case 'done':
      return (
        <>
          <p>
            {trans.__('Learned %1', Time.formatHuman(ended!))}{' '}
            <span className="jp-Veilbook-aside" title={request.images}>
              {trans.__('from %1', PathExt.basename(request.images))}
            </span>
          </p>
          {report && <LearnedTable report={report} installed={request.install ?? false} trans={trans} />}
        </>
      );
    case 'failed':
      return (
        <div className="jp-Veilbook-refusal" role="alert">
          <p>{error?.message}</p>
          <p>{error?.remedy}</p>
        </div>
      );
    case 'cancelled':
      return <p>{trans.__('Stopped at %1%. What was learned so far is kept.', percent)}</p>;
    default:
      return <LearningProgress job={job} trans={trans} />;
  }
}
