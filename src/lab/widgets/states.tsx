import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { errorIcon, lockIcon, offlineBoltIcon, type LabIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { Failure } from '../tokens';

export function Asking({ trans }: { trans: TranslationBundle }): JSX.Element {
  return (
    <div className="jp-Veilbook-asking" role="status">
      {trans.__('Looking for the sidecar…')}
    </div>
  );
}

interface StoppedProps {
  disabled: boolean;
  onStart: () => void;
  trans: TranslationBundle;
}

export function Stopped({ disabled, onStart, trans }: StoppedProps): JSX.Element {
  return (
    <Message
      title={trans.__('The sidecar is not running')}
      text={trans.__('The first cell that needs it starts it. You can also start it now.')}
    >
      <button type="button" className="jp-Veilbook-button jp-mod-accept" disabled={disabled} onClick={onStart}>
        {trans.__('Start')}
      </button>
    </Message>
  );
}

interface FailedProps {
  failure: Failure;
  log: readonly string[];
  disabled: boolean;
  onRestart: () => void;
  onLog: () => void;
  trans: TranslationBundle;
}

export function Failed({ failure, log, disabled, onRestart, onLog, trans }: FailedProps): JSX.Element {
  return (
    <Message icon={errorIcon} alert title={trans.__('The sidecar has failed')} text={failure.message} remedy={failure.remedy}>
      <button type="button" className="jp-Veilbook-button jp-mod-accept" disabled={disabled} onClick={onRestart}>
        {trans.__('Restart')}
      </button>
      <button type="button" className="jp-Veilbook-button" onClick={onLog}>
        {trans.__('Show log')}
      </button>
      {log.length > 0 && (
        <pre className="jp-Veilbook-logTail" tabIndex={0} aria-label={trans.__('Last lines of the log')} ref={toEnd}>
          {log.join('\n')}
        </pre>
      )}
    </Message>
  );
}

/** What happened last stands at the end of a log. */
function toEnd(element: HTMLElement | null): void {
  if (element) {
    element.scrollTop = element.scrollHeight;
  }
}

interface OutageProps {
  failure: Failure;
  onRetry: () => void;
  trans: TranslationBundle;
}

export function Forbidden({ failure, onRetry, trans }: OutageProps): JSX.Element {
  return (
    <Message icon={lockIcon} alert title={trans.__('Not allowed')} text={failure.message} remedy={failure.remedy}>
      <Retry onRetry={onRetry} trans={trans} />
    </Message>
  );
}

/** Stands above what was last known, or alone when nothing ever was. */
export function Offline({ failure, asOf, onRetry, trans }: OutageProps & { asOf: Date | null }): JSX.Element {
  return (
    <Message icon={offlineBoltIcon} alert title={trans.__('Offline')} text={failure.message} remedy={failure.remedy}>
      <Retry onRetry={onRetry} trans={trans} />
      {asOf && <p className="jp-Veilbook-asOf">{trans.__('Below: as it was %1.', Time.formatHuman(asOf))}</p>}
    </Message>
  );
}

export function Retry({ onRetry, trans }: { onRetry: () => void; trans: TranslationBundle }): JSX.Element {
  return (
    <button type="button" className="jp-Veilbook-button" onClick={onRetry}>
      {trans.__('Retry')}
    </button>
  );
}

interface MessageProps {
  icon?: LabIcon;
  title: string;
  text: string;
  remedy?: string;
  /** Read out when it appears. */
  alert?: boolean;
  children?: React.ReactNode;
}

/** A state in words: what is, why, the way out, and the buttons for it. */
export function Message({ icon, title, text, remedy, alert, children }: MessageProps): JSX.Element {
  return (
    <div className="jp-Veilbook-message" role={alert ? 'alert' : undefined}>
      <h3>
        {icon && <icon.react tag="span" className="jp-Veilbook-messageIcon" width="16px" height="16px" />}
        {title}
      </h3>
      <p>{text}</p>
      {remedy && <p>{remedy}</p>}
      <div className="jp-Veilbook-buttons">{children}</div>
    </div>
  );
}
