import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { DetectionResult } from '../../protocol';
import { ownKeys } from './keys';

/** Where the result came from, for whoever must check it. Closed until asked for. */
export function Details({ result, trans }: { result: DetectionResult; trans: TranslationBundle }): JSX.Element {
  const { model, artefact, timings_ms: timings, looks } = result;
  const rows: [string, string][] = [
    [trans.__('Image'), trans.__('%1, %2 × %3 pixels', result.image, result.width, result.height)],
    [trans.__('Device'), result.device],
    [trans.__('Model'), trans.__('%1, head %2, tail %3', model.name, brief(model.head_sha256), brief(model.tail_sha256))],
    [
      trans.__('Artefact'),
      artefact
        ? trans.__(
            '%1, %2, %3',
            artefact.kind,
            artefact.calibrated ? trans.__('calibrated') : trans.__('uncalibrated'),
            brief(artefact.sha256)
          )
        : trans.__('none: the activation is clean')
    ],
    ...(artefact ? [[trans.__('ALPHA means'), artefact.meaning] as [string, string]] : []),
    ...(looks ? [[trans.__('Looks'), looksTold(looks, trans)] as [string, string]] : []),
    [trans.__('Time'), timeline(timings)],
    [trans.__('Run'), result.run],
    [trans.__('Versions'), pairs(result.versions)]
  ];
  return (
    <details className="jp-Veilbook-details">
      <summary {...ownKeys}>{trans.__('Details')}</summary>
      <dl>
        {rows.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
      </dl>
    </details>
  );
}

function looksTold({ count, alpha_1, alpha_k }: NonNullable<DetectionResult['looks']>, trans: TranslationBundle): string {
  const [one, all] = [alpha_1, alpha_k].map(alpha => (alpha === null ? trans.__('not measured') : alpha.toFixed(2)));
  return trans.__('%1 at this source; ALPHA for one: %2, for all together: %3', count, one, all);
}

function timeline(timings: DetectionResult['timings_ms']): string {
  const stages = Object.entries(timings).filter(([name]) => name !== 'total');
  return [...stages, ['total', timings.total] as const].map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`).join(' · ');
}

function pairs(versions: Record<string, string>): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(' · ');
}

/** Enough of a hash to compare by eye. */
function brief(sha256: string): string {
  return sha256.slice(0, 12);
}
