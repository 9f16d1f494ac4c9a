import { Clipboard } from '@jupyterlab/apputils';
import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import React, { useState } from 'react';
import type { RunSummary } from '../../protocol';

const SHOWN_AT_FIRST = 5;
const EXAMPLE = '%load_ext veilbook\n%veil noisy photo.jpg';

/** The last runs, newest first; before the first one, what to type. */
export function Runs({ runs, trans }: { runs: readonly RunSummary[]; trans: TranslationBundle }): JSX.Element {
  const [all, setAll] = useState(false);
  const shown = all ? runs : runs.slice(0, SHOWN_AT_FIRST);
  return (
    <section className="jp-Veilbook-runs" aria-label={trans.__('Last runs')}>
      <h3>{trans.__('Last runs')}</h3>
      {runs.length === 0 ? (
        <Example trans={trans} />
      ) : (
        <ul>
          {shown.map(run => (
            <Run key={run.run} run={run} trans={trans} />
          ))}
        </ul>
      )}
      {runs.length > SHOWN_AT_FIRST && (
        <button type="button" className="jp-Veilbook-link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? trans.__('Show fewer') : trans.__('Show all %1', runs.length)}
        </button>
      )}
    </section>
  );
}

function Run({ run, trans }: { run: RunSummary; trans: TranslationBundle }): JSX.Element {
  const how = [run.mode === 'clean' ? trans.__('clean') : trans.__('noisy')];
  if (run.alpha !== null) {
    how.push(run.calibrated === false ? trans.__('ALPHA %1 uncalibrated', run.alpha) : trans.__('ALPHA %1', run.alpha));
  }
  if (run.faces !== null) {
    how.push(trans._n('%1 face', '%1 faces', run.faces));
  }
  how.push(trans.__('%1 ms', Math.round(run.total_ms)), run.device);
  return (
    <li className="jp-Veilbook-run">
      <span className="jp-Veilbook-runImage" title={run.image}>
        {run.image}
      </span>
      <time className="jp-Veilbook-aside" dateTime={run.started} title={Time.format(run.started)}>
        {Time.formatHuman(run.started, 'narrow')}
      </time>
      {run.error === null ? (
        <span className="jp-Veilbook-runHow">{how.join(' · ')}</span>
      ) : (
        <details className="jp-Veilbook-runHow">
          <summary>
            <b>{trans.__('failed')}</b> · {how[0]}
          </summary>
          {run.error}
        </details>
      )}
    </li>
  );
}

function Example({ trans }: { trans: TranslationBundle }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const Icon = copied ? checkIcon : copyIcon;
  return (
    <>
      <p className="jp-Veilbook-hint">{trans.__('None yet. In a cell of a Python notebook:')}</p>
      <div className="jp-Veilbook-example">
        <pre tabIndex={0} aria-label={trans.__('Example cell')}>
          {EXAMPLE}
        </pre>
        <button
          type="button"
          className="jp-Veilbook-copy"
          title={trans.__('Copy the example cell')}
          aria-label={trans.__('Copy the example cell')}
          onClick={() => {
            Clipboard.copyToSystem(EXAMPLE);
            setCopied(true);
          }}
          onBlur={() => setCopied(false)}
        >
          <Icon.react tag="span" width="14px" height="14px" />
        </button>
        <span className="jp-Veilbook-spoken" role="status">
          {copied ? trans.__('Copied') : ''}
        </span>
      </div>
    </>
  );
}
