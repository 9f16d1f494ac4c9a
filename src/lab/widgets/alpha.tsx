import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId, useState } from 'react';
import type { ModelSummary } from '../../protocol';
import { strengthLines } from './strength';

/** Long enough for the next key or movement, short enough to be done before the next cell runs. */
const SETTLE_MS = 400;

interface AlphaFieldProps {
  artefact: ModelSummary['artefact'];
  value: number;
  /** Settles when the value is accepted or refused. */
  onChange: (alpha: number) => Promise<void>;
  trans: TranslationBundle;
}

/** ALPHA within the artefact's range, with what it means and whether that was measured. */
export function AlphaField({ artefact, value, onChange, trans }: AlphaFieldProps): JSX.Element {
  const id = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const lowest = artefact?.alpha_min ?? 0;
  const highest = artefact?.alpha_max ?? 0;
  const wished = draft === null ? value : Number(draft);
  const valid = draft === null || (draft.trim() !== '' && wished >= lowest && wished <= highest);

  useEffect(() => {
    if (draft === null || !valid) {
      return undefined;
    }
    const timer = setTimeout(() => {
      void onChange(wished).then(() => setDraft(now => (now === draft ? null : now)));
    }, SETTLE_MS);
    return () => clearTimeout(timer);
    // Only what was typed starts the clock: a redraw must not put it off.
  }, [draft, valid]);

  if (!artefact) {
    return (
      <div className="jp-Veilbook-field">
        <span className="jp-Veilbook-fieldName">{trans.__('Artefact')}</span>
        <span className="jp-Veilbook-fieldValue">{trans.__('This model has no artefact: noisy runs are refused.')}</span>
      </div>
    );
  }
  const meaning = `${id}meaning`;
  const shown = valid ? wished : value;
  const at = `${(100 * (shown - lowest)) / (highest - lowest || 1)}%`;
  return (
    <>
      <div className="jp-Veilbook-field">
        <span className="jp-Veilbook-fieldName">{trans.__('Artefact')}</span>
        <span className="jp-Veilbook-fieldValue">
          {artefact.kind} {!artefact.calibrated && <span className="jp-Veilbook-badge">{trans.__('uncalibrated')}</span>}
        </span>
      </div>
      <div className="jp-Veilbook-field">
        <label className="jp-Veilbook-fieldName" htmlFor={id}>
          {trans.__('ALPHA')}
        </label>
        <span className="jp-Veilbook-alpha">
          <input
            type="range"
            className="jp-Veilbook-range"
            aria-label={trans.__('ALPHA slider')}
            aria-describedby={meaning}
            min={lowest}
            max={highest}
            step={0.01}
            value={shown}
            style={{ '--jp-veilbook-at': at } as React.CSSProperties}
            onChange={event => setDraft(event.target.value)}
          />
          <input
            id={id}
            type="number"
            className="jp-Veilbook-number"
            aria-describedby={meaning}
            aria-invalid={!valid}
            min={lowest}
            max={highest}
            step={0.05}
            value={draft ?? String(value)}
            onChange={event => setDraft(event.target.value)}
            onBlur={() => !valid && setDraft(null)}
          />
        </span>
      </div>
      {!valid && (
        <p className="jp-Veilbook-refusal" role="alert">
          {trans.__('This artefact knows ALPHA %1 to %2.', lowest, highest)}
        </p>
      )}
      <div id={meaning} className="jp-Veilbook-meaning">
        {strengthLines(artefact.strengths ?? [], shown, trans).map(line => (
          <p key={line} className="jp-Veilbook-measured">
            {line}
          </p>
        ))}
        <p>{artefact.meaning}</p>
      </div>
    </>
  );
}
