import React, { useId } from 'react';
import { ownKeys } from './keys';

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string; title?: string }[];
  onChange: (value: T) => void;
}

/** A row of segments, one of them chosen. Radio buttons underneath, so that keyboard and screen readers know it. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>): JSX.Element {
  const name = useId();
  return (
    <div className="jp-Veilbook-choice" role="radiogroup" aria-label={label}>
      {options.map(option => (
        <label key={option.value} className="jp-Veilbook-segment" title={option.title}>
          <input
            {...ownKeys}
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </div>
  );
}
