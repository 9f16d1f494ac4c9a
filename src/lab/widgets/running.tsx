import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';
import type { Defaults, SidecarStatus } from '../../protocol';
import { RequestError } from '../api';
import { AlphaField } from './alpha';
import { DeviceField } from './device';
import { Learn } from './learn';
import { Runs } from './runs';

interface RunningProps {
  status: SidecarStatus;
  disabled: boolean;
  setDefaults: (defaults: Defaults) => Promise<void>;
  /** Runs a command of JupyterLab. */
  execute: (command: string) => void;
  trans: TranslationBundle;
}

/** A running sidecar: what the next run will use, and what the last ones did. */
export function Running({ status, disabled, setDefaults, execute, trans }: RunningProps): JSX.Element {
  const { defaults, model } = status;
  const [refusal, setRefusal] = useState<string | null>(null);
  const change = async (changed: Partial<Defaults>) => {
    setRefusal(null);
    try {
      await setDefaults({ ...defaults, ...changed });
    } catch (error) {
      setRefusal(error instanceof RequestError ? error.message : String(error));
    }
  };
  return (
    <>
      <p className="jp-Veilbook-state">
        <span className={`jp-Veilbook-dot${disabled ? ' jp-mod-old' : ''}`} aria-hidden="true" />
        {disabled ? trans.__('Last seen running') : trans.__('Running')}
        {!disabled && <span className="jp-Veilbook-aside">{trans.__('started %1', Time.formatHuman(status.started))}</span>}
      </p>
      <fieldset className="jp-Veilbook-fields" disabled={disabled} aria-label={trans.__('What runs use')}>
        <DeviceField
          devices={status.devices}
          active={status.active_device}
          value={defaults.device}
          onChange={device => void change({ device })}
          trans={trans}
        />
        <div className="jp-Veilbook-field">
          <span className="jp-Veilbook-fieldName">{trans.__('Model')}</span>
          <span className="jp-Veilbook-fieldValue" title={model.description}>
            {model.name}{' '}
            <span className="jp-Veilbook-aside">
              {model.bundled && <span className="jp-Veilbook-unbroken">{trans.__('bundled,')}</span>}{' '}
              <span className="jp-Veilbook-unbroken">{trans.__('%1 parameters', brief(model.parameters))}</span>
            </span>
          </span>
        </div>
        <AlphaField artefact={model.artefact} value={defaults.alpha} onChange={alpha => change({ alpha })} trans={trans} />
        {refusal && (
          <p className="jp-Veilbook-refusal" role="alert">
            {refusal}
          </p>
        )}
      </fieldset>
      {status.notices.length > 0 && (
        <ul className="jp-Veilbook-notices" aria-label={trans.__('Notices')}>
          {status.notices.map(notice => (
            <li key={notice} className="jp-Veilbook-notice">
              {notice}
            </li>
          ))}
        </ul>
      )}
      <Learn job={status.learn ?? null} disabled={disabled} execute={execute} trans={trans} />
      <Runs runs={status.runs} trans={trans} />
    </>
  );
}

/** 1012350 as `1.0 M`. */
function brief(count: number): string {
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} M` : count.toLocaleString();
}
