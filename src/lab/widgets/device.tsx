import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useId } from 'react';
import type { DeviceInfo } from '../../protocol';

interface DeviceFieldProps {
  devices: readonly DeviceInfo[];
  /** What `auto` means now. */
  active: string;
  value: string;
  onChange: (device: string) => void;
  trans: TranslationBundle;
}

/** The device that runs use; those that cannot be used stand below with the reason. */
export function DeviceField({ devices, active, value, onChange, trans }: DeviceFieldProps): JSX.Element {
  const id = useId();
  const unusable = devices.filter(device => !device.usable);
  const known = value === 'auto' || devices.some(device => device.id === value);
  return (
    <>
      <div className="jp-Veilbook-field">
        <label className="jp-Veilbook-fieldName" htmlFor={id}>
          {trans.__('Device')}
        </label>
        <select id={id} className="jp-Veilbook-select" value={value} onChange={event => onChange(event.target.value)}>
          <option value="auto">{trans.__('auto: %1', active)}</option>
          {devices.map(device => (
            <option key={device.id} value={device.id} disabled={!device.usable}>
              {describe(device, trans)}
            </option>
          ))}
          {!known && <option value={value}>{trans.__('%1 (not on this machine)', value)}</option>}
        </select>
      </div>
      {unusable.length > 0 && (
        <details className="jp-Veilbook-unusable">
          <summary>{trans._n('%1 device cannot be used', '%1 devices cannot be used', unusable.length)}</summary>
          <ul>
            {unusable.map(device => (
              <li key={device.id}>
                <b>{device.id}</b> {device.reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function describe({ id, name, memory_total_mib: memory, usable }: DeviceInfo, trans: TranslationBundle): string {
  const size = memory === null || id === 'cpu' ? '' : trans.__('%1 GiB', Math.round(memory / 1024));
  return [id, name, size, usable ? '' : trans.__('cannot be used')].filter(Boolean).join(' · ');
}
