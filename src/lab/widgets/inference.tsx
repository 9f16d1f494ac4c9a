import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import { CommandIDs } from '../commands';
import type { ISidecarModel, Operation } from '../tokens';
import { Running } from './running';
import { Asking, Failed, Forbidden, Offline, Stopped } from './states';

interface InferenceProps {
  model: ISidecarModel;
  /** Runs a command of JupyterLab. */
  execute: (command: string) => void;
  trans: TranslationBundle;
}

/** What the section shows, state by state. While the server is away, the last known state stays, marked as old. */
export function Inference({ model, execute, trans }: InferenceProps): JSX.Element {
  const { current, outage, operation } = model;
  if (outage?.kind === 'forbidden') {
    return (
      <div className="jp-Veilbook-content">
        <Forbidden failure={outage.failure} onRetry={() => void model.refresh()} trans={trans} />
      </div>
    );
  }
  const frozen = outage !== null || operation !== null;
  return (
    <div className="jp-Veilbook-content" aria-busy={operation !== null}>
      {operation && <Progress operation={operation} trans={trans} />}
      {outage && <Offline failure={outage.failure} asOf={model.asOf} onRetry={() => void model.refresh()} trans={trans} />}
      {current.state === 'unknown' && !frozen && <Asking trans={trans} />}
      {current.state === 'stopped' && <Stopped disabled={frozen} onStart={() => execute(CommandIDs.start)} trans={trans} />}
      {current.state === 'failed' && (
        <Failed
          failure={current.error}
          log={current.log}
          disabled={frozen}
          onRestart={() => execute(CommandIDs.restart)}
          onLog={() => execute(CommandIDs.showLog)}
          trans={trans}
        />
      )}
      {current.state === 'running' && (
        <Running
          status={current.status}
          disabled={frozen}
          setDefaults={defaults => model.setDefaults(defaults)}
          execute={execute}
          trans={trans}
        />
      )}
    </div>
  );
}

function Progress({ operation, trans }: { operation: Operation; trans: TranslationBundle }): JSX.Element {
  const text = {
    start: trans.__('Starting…'),
    restart: trans.__('Restarting…'),
    stop: trans.__('Stopping…')
  }[operation];
  return (
    <div className="jp-Veilbook-progress" role="status">
      {text}
    </div>
  );
}
