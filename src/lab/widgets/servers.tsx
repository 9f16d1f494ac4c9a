import type { TranslationBundle } from '@jupyterlab/translation';
import { errorIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { TailList } from '../../protocol';
import { CommandIDs } from '../commands';
import type { IServersModel } from '../tokens';
import { Departures } from './departures';
import { PolicyInForce } from './policyinforce';
import { ServerItem } from './serveritem';
import { Forbidden, Message, Offline, Retry } from './states';
import type { Execute } from './workspace';

interface ServersProps {
  model: IServersModel;
  execute: Execute;
  trans: TranslationBundle;
}

/** What the section shows, state by state. While the server is away, what was last known stays, marked as old. */
export function Servers({ model, execute, trans }: ServersProps): JSX.Element {
  const { current, outage } = model;
  const retry = () => void model.refresh();
  if (outage?.kind === 'forbidden') {
    return (
      <div className="jp-Veilbook-content jp-Veilbook-servers">
        <Forbidden failure={outage.failure} onRetry={retry} trans={trans} />
      </div>
    );
  }
  return (
    <div className="jp-Veilbook-content jp-Veilbook-servers">
      {outage &&
        (current.state === 'known' ? (
          <Offline failure={outage.failure} asOf={model.asOf} onRetry={retry} trans={trans} />
        ) : (
          // The sections above say so aloud.
          <p className="jp-Veilbook-hint">{outage.failure.message}</p>
        ))}
      {current.state === 'unknown' && !outage && (
        <div className="jp-Veilbook-asking" role="status">
          {trans.__('Looking for servers…')}
        </div>
      )}
      {current.state === 'stopped' && !outage && (
        <p className="jp-Veilbook-hint">{trans.__('Model servers, and what left for them, are shown while the sidecar runs.')}</p>
      )}
      {current.state === 'broken' && !outage && (
        <Message
          icon={errorIcon}
          alert
          title={trans.__('Servers cannot be listed')}
          text={current.failure.message}
          remedy={current.failure.remedy}
        >
          <Retry onRetry={retry} trans={trans} />
        </Message>
      )}
      {current.state === 'known' && <Known list={current.list} model={model} execute={execute} trans={trans} />}
    </div>
  );
}

function Known({ list, model, execute, trans }: ServersProps & { list: TailList }): JSX.Element {
  const { tails, outage } = model;
  return (
    <>
      {tails.length === 0 ? (
        <p className="jp-Veilbook-hint">
          {trans.__('No model server is known. Tails run here, and nothing leaves. Where yours runs on a Triton server, add it:')}
        </p>
      ) : (
        <ul className="jp-Veilbook-serverList" aria-label={trans.__('Model servers')}>
          {tails.map(tail => (
            <ServerItem key={tail.url} tail={tail} model={model} disabled={outage !== null} execute={execute} trans={trans} />
          ))}
        </ul>
      )}
      {list.notes.length > 0 && (
        <ul className="jp-Veilbook-notices">
          {list.notes.map(note => (
            <li key={note} className="jp-Veilbook-notice">
              {note}
            </li>
          ))}
        </ul>
      )}
      <div className="jp-Veilbook-buttons">
        <button type="button" className="jp-Veilbook-button" onClick={() => execute(CommandIDs.addServer)}>
          {trans.__('Add a server…')}
        </button>
      </div>
      <PolicyInForce view={list.policy} trans={trans} />
      <Departures model={model} execute={execute} trans={trans} />
    </>
  );
}
