import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';
import type { WorkspaceCapabilities } from '../../protocol';
import { Remedy } from './notallowed';

interface TakeSnapshotProps {
  disabled: boolean;
  /** Whether it may be taken; null where nobody knows yet. */
  refused: WorkspaceCapabilities['actions']['snapshot'] | null;
  onTake: (label: string) => void;
  trans: TranslationBundle;
}

/** A label and a button; Enter takes the snapshot too. */
export function TakeSnapshot({ disabled, refused, onTake, trans }: TakeSnapshotProps): JSX.Element {
  const [label, setLabel] = useState('');
  const denied = refused !== null && !refused.allowed;
  return (
    <form
      className="jp-Veilbook-take"
      aria-label={trans.__('Take a snapshot')}
      onSubmit={event => {
        event.preventDefault();
        if (!disabled && !denied) {
          onTake(label);
          setLabel('');
        }
      }}
    >
      <input
        className="jp-Veilbook-text"
        type="text"
        maxLength={200}
        value={label}
        placeholder={trans.__('what for?')}
        aria-label={trans.__('Label of the snapshot')}
        onChange={event => setLabel(event.target.value)}
      />
      <button
        type="submit"
        className="jp-Veilbook-button jp-mod-accept"
        title={trans.__('Save open documents and take a snapshot of the workspace')}
        disabled={disabled || denied}
      >
        {trans.__('Snapshot')}
      </button>
      {denied && (
        <p className="jp-Veilbook-notice">
          {refused.reason} <Remedy text={refused.remedy ?? ''} trans={trans} />
        </p>
      )}
    </form>
  );
}
