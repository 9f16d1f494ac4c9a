import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { deleteIcon } from '@jupyterlab/ui-components';
import React from 'react';
import { CommandIDs } from '../commands';
import { isUsable } from '../servercommands';
import { healthWord, hostOf, sourcesOf, statisticsOf, wireOf, type Health } from '../serverwords';
import type { Failure, IServersModel, ListedTail, TailLook } from '../tokens';
import type { Execute } from './workspace';

interface ServerItemProps {
  tail: ListedTail;
  model: Pick<IServersModel, 'look'>;
  disabled: boolean;
  execute: Execute;
  trans: TranslationBundle;
}

/** One model of one server: how it is, in a dot and in words, what it has run, and the way into a cell. */
export function ServerItem({ tail, model, disabled, execute, trans }: ServerItemProps): JSX.Element {
  const { url, refused, last, added } = tail;
  const look = model.look(url);
  const health: Health = refused !== null ? 'refused' : (look?.state ?? 'asking');
  const heard = look && look.state !== 'broken' ? look : null;
  const clean = heard?.side === 'clean tail';
  const alpha = heard?.alpha ?? null;
  const [host, port] = hostOf(tail).split(/(?=:\d+$)/);
  return (
    <li className="jp-Veilbook-server" data-health={health}>
      <span className="jp-Veilbook-serverName" title={url}>
        <span className="jp-Veilbook-dot" aria-hidden="true" />
        <b>
          {host}
          <wbr />
          {port}
        </b>
      </span>
      <span className="jp-Veilbook-serverModel">
        <span className="jp-Veilbook-serverHealth" role="status">
          {healthWord(health, trans)}
        </span>{' '}
        · {tail.model}
        {alpha !== null && <> · {trans.__('ALPHA %1', alpha)}</>}
        {clean && <> · {trans.__('takes clean activations')}</>}
      </span>
      {heard?.statistics.map(statistics => (
        <span key={statistics.version} className="jp-Veilbook-serverFacts">
          {heard.statistics.length > 1 && <>{trans.__('version %1', statistics.version)}: </>}
          {statisticsOf(statistics, trans)}
        </span>
      ))}
      <span className="jp-Veilbook-serverFacts">
        {wireOf(tail, trans)} · {sourcesOf(tail, trans)}
        {last && (
          <>
            {' · '}
            <time dateTime={last} title={Time.format(last)}>
              {trans.__('last used %1', Time.formatHuman(last))}
            </time>
          </>
        )}
      </span>
      <Why tail={tail} look={look} trans={trans} />
      <span className="jp-Veilbook-serverActions">
        <button
          type="button"
          className="jp-Veilbook-link"
          disabled={disabled || !isUsable(tail, model)}
          title={trans.__('Write tail: %1 into the active cell of %2', url, '%%veil noisy')}
          aria-label={trans.__('Use %1 as tail', url)}
          onClick={() => execute(CommandIDs.useAsTail, { url })}
        >
          {trans.__('Use as tail')}
        </button>
        {added && (
          <button
            type="button"
            className="jp-Veilbook-icon"
            title={trans.__('Forget %1', url)}
            aria-label={trans.__('Forget %1', url)}
            onClick={() => execute(CommandIDs.removeServer, { url })}
          >
            <deleteIcon.react tag="span" width="16px" height="16px" />
          </button>
        )}
      </span>
    </li>
  );
}

/** What is wrong with it, and the way out; and what the cluster says of its pods. */
function Why({ tail, look, trans }: { tail: ListedTail; look: TailLook | null; trans: TranslationBundle }): JSX.Element {
  const { refused, assumed, cluster } = tail;
  const failure: Failure | null = look === null || refused !== null ? null : look.state === 'broken' ? look.failure : look.reason;
  const said = [
    ...(refused !== null ? [trans.__('Nothing may leave for it. %1', refused)] : []),
    ...(failure ? [[failure.message, failure.remedy].filter(Boolean).join(' ')] : []),
    ...(assumed && look?.state === 'unfit' ? [trans.__('Nobody named a model there: this name was tried.')] : []),
    ...(cluster && cluster.status !== 'ready'
      ? [trans.__('%1 in namespace %2: %3', cluster.name, cluster.namespace, cluster.reason ?? cluster.status)]
      : []),
    ...(cluster?.warning ? [cluster.warning] : [])
  ];
  return (
    <>
      {said.map(line => (
        <span key={line} className="jp-Veilbook-serverReason">
          {line}
        </span>
      ))}
    </>
  );
}
