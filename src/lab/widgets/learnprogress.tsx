import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { LearnJob, LearnStage } from '../../protocol';

/** A bar with stage, ALPHA and time left. Only a new stage is read out, not every percent. */
export function LearningProgress({ job, trans }: { job: LearnJob; trans: TranslationBundle }): JSX.Element {
  const { progress, request } = job;
  const done = progress?.done ?? 0;
  const facts = [trans.__('%1%', Math.floor(100 * done))];
  if (progress && progress.knot !== null) {
    facts.push(trans.__('ALPHA %1', progress.knot));
  }
  if (progress && progress.seconds_left !== null) {
    facts.push(trans.__('%1 left', duration(progress.seconds_left, trans)));
  }
  const stage = progress ? nameOf(progress.stage, trans) : trans.__('Starting');
  return (
    <>
      <p role="status">{job.state === 'cancelling' ? trans.__('Stopping…') : stage}</p>
      <progress className="jp-Veilbook-share" aria-label={trans.__('Learning')} value={done} max={1} />
      <p className="jp-Veilbook-learnFacts">
        <span>{facts.join(' · ')}</span>{' '}
        <span className="jp-Veilbook-aside" title={request.images}>
          {PathExt.basename(request.images)}
        </span>
      </p>
    </>
  );
}

function nameOf(stage: LearnStage, trans: TranslationBundle): string {
  switch (stage) {
    case 'activations':
      return trans.__('Activations of the photographs');
    case 'spectra':
      return trans.__('Their spectra');
    case 'sensitivity':
      return trans.__('What the tail is sensitive to');
    case 'shape':
      return trans.__('Shape of the noise');
    case 'refine':
      return trans.__('Refining the noise');
    case 'decoder':
      return trans.__('Training an attacker');
    case 'calibrate':
      return trans.__('Calibrating ALPHA');
    case 'server':
      return trans.__("The server's side");
    case 'measure':
      return trans.__('Measuring');
  }
}

/** Seconds as `40 s`, `4 min`, `1 h 20 min`. */
function duration(seconds: number, trans: TranslationBundle): string {
  const minutes = Math.round(seconds / 60);
  if (seconds < 90) {
    return trans.__('%1 s', Math.round(seconds));
  }
  return minutes < 60 ? trans.__('%1 min', minutes) : trans.__('%1 h %2 min', Math.floor(minutes / 60), minutes % 60);
}
