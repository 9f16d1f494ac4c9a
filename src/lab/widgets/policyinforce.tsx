import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { PolicyInView } from '../../protocol';
import { policyLine } from '../serverwords';

/** Which rules hold, in one line, and what they leave open. */
export function PolicyInForce({ view, trans }: { view: PolicyInView; trans: TranslationBundle }): JSX.Element {
  const { files, insecure, error } = view;
  return (
    <section className="jp-Veilbook-serverPart" aria-label={trans.__('Policy')}>
      <h3>{trans.__('Policy')}</h3>
      {error ? (
        <p className="jp-Veilbook-refusal" role="alert">
          {error.message} {error.remedy}
        </p>
      ) : (
        <>
          {files.map(file => (
            <p key={file} className="jp-Veilbook-policyFile">
              <code>{file}</code>
            </p>
          ))}
          <p>{policyLine(view, trans)}</p>
          {insecure.length > 0 && (
            <details className="jp-Veilbook-jobMore">
              <summary>{trans._n('%1 setting left open', '%1 settings left open', insecure.length)}</summary>
              <ul className="jp-Veilbook-notices">
                {insecure.map(line => (
                  <li key={line} className="jp-Veilbook-notice">
                    {line}
                  </li>
                ))}
              </ul>
            </details>
          )}
        </>
      )}
    </section>
  );
}
