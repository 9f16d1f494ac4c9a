import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { BatchJob, BatchShard, BatchView } from '../../protocol';
import { stateOf } from '../jobwords';
import { isOver } from '../model/jobs';
import { JobResult } from './jobresult';

interface JobDetailProps {
  job: BatchJob;
  /** Null while it is looked up. */
  view: BatchView | null;
  trans: TranslationBundle;
}

/** Shards that are listed; those that have failed and those at work come first. */
const SHOWN = 24;
const ORDER: readonly BatchShard['state'][] = ['failed', 'running', 'pending', 'complete'];

/** An opened Job: what it found, what was asked for, and each shard. */
export function JobDetail({ job, view, trans }: JobDetailProps): JSX.Element {
  const result = view?.result ?? null;
  return (
    <>
      {view === null && (
        <p className="jp-Veilbook-asking" role="status">
          {trans.__('Looking…')}
        </p>
      )}
      {result && <JobResult result={result} figures={view?.figures ?? null} trans={trans} />}
      {view !== null && result === null && job.state === 'complete' && (
        <p className="jp-Veilbook-hint">
          {job.results
            ? trans.__('The pod that printed the result is gone. It lies at %1/result.json.', job.results)
            : trans.__('The pod that printed the result is gone, and its log with it.')}
        </p>
      )}
      {isOver(job) || job.shards.length < 2 ? null : <Shards shards={job.shards} open trans={trans} />}
      <Facts job={job} trans={trans} />
      {isOver(job) && (job.shards.length > 1 || job.state === 'failed') && (
        <Shards shards={job.shards} open={job.state === 'failed'} trans={trans} />
      )}
    </>
  );
}

function Facts({ job, trans }: Omit<JobDetailProps, 'view'>): JSX.Element {
  const { request, results, snapshot } = job;
  const facts: [string, string | undefined | null][] = [
    [trans.__('Data'), request && `${request.claim}:${request.dataset}`],
    [trans.__('Snapshot'), snapshot],
    [trans.__('ALPHA'), request?.alphas?.join(', ') ?? request?.alpha?.toString()],
    [trans.__('Model'), request?.model],
    [trans.__('GPUs'), request?.gpus ? trans.__('%1 for each pod', request.gpus) : null],
    [trans.__('Results'), results]
  ];
  return (
    <dl className="jp-Veilbook-jobAbout">
      {facts.map(
        ([name, value]) =>
          value && (
            <React.Fragment key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </React.Fragment>
          )
      )}
    </dl>
  );
}

interface ShardsProps {
  shards: readonly BatchShard[];
  open: boolean;
  trans: TranslationBundle;
}

function Shards({ shards, open, trans }: ShardsProps): JSX.Element {
  const sorted = [...shards].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.shard - b.shard);
  const left = sorted.length - SHOWN;
  return (
    <details className="jp-Veilbook-jobMore" open={open}>
      <summary>{trans._n('%1 shard', '%1 shards', shards.length)}</summary>
      <ul className="jp-Veilbook-shards">
        {sorted.slice(0, SHOWN).map(shard => (
          <Shard key={shard.shard} shard={shard} trans={trans} />
        ))}
      </ul>
      {left > 0 && <p className="jp-Veilbook-hint">{trans._n('and %1 more', 'and %1 more', left)}</p>}
    </details>
  );
}

function Shard({ shard, trans }: { shard: BatchShard; trans: TranslationBundle }): JSX.Element {
  const { shard: number, state, done, total, node, pods, reason, exit_code: code } = shard;
  const facts = [
    stateOf(state, trans),
    ...(state === 'running' && done !== null && total !== null ? [trans.__('%1 of %2', done, total)] : []),
    ...(node ? [node] : []),
    ...(pods > 1 ? [trans.__('pod %1', pods)] : []),
    ...(state === 'failed' && code !== null ? [trans.__('exit code %1', code)] : [])
  ];
  return (
    <li>
      <b>{number}</b> {facts.join(' · ')}
      {reason && <span className="jp-Veilbook-jobReason">{reason}</span>}
    </li>
  );
}
