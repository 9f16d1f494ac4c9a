import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import React, { useState } from 'react';

/** A command with the button that copies it. */
export function CopyLine({ text, trans }: { text: string; trans: TranslationBundle }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const Icon = copied ? checkIcon : copyIcon;
  const label = trans.__('Copy %1', text);
  return (
    <span className="jp-Veilbook-copyLine">
      <code>{text}</code>
      <button
        type="button"
        className="jp-Veilbook-icon"
        title={label}
        aria-label={label}
        onClick={() => {
          Clipboard.copyToSystem(text);
          setCopied(true);
        }}
        onBlur={() => setCopied(false)}
      >
        <Icon.react tag="span" width="14px" height="14px" />
      </button>
      <span className="jp-Veilbook-spoken" role="status">
        {copied ? trans.__('Copied') : ''}
      </span>
    </span>
  );
}
