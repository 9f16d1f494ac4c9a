import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';
import type { ClassScore, Detection, FrameBundle, Mode } from '../../protocol';
import { Choice } from './choice';
import { Details } from './details';
import { ownKeys } from './keys';
import { FramePane, ReconstructionPane } from './panes';

type View = 'frame' | 'reconstruction' | 'both';
type Shown = Mode | 'both';

/** One way the frame was run: its boxes and the threshold it was drawn at, or what a classifier takes it for. */
export interface FrameRun {
  mode: Mode;
  alpha: number | null;
  threshold: number;
  detections: readonly Detection[];
  classes?: readonly ClassScore[];
  uncalibrated: boolean;
}

/** The frame, what an attacker makes of it, or both; of the run, of the run the other way, or of both. */
export function FrameView(props: { bundle: FrameBundle; trans: TranslationBundle }): JSX.Element {
  const { bundle, trans } = props;
  const { result, compare, reconstruction } = bundle;
  const [view, setView] = useState<View>('frame');
  const [shown, setShown] = useState<Shown>(result.mode);
  const [boxes, setBoxes] = useState(true);
  const [thresholds, setThresholds] = useState<Partial<Record<Mode, number>>>({});

  const runs = runsOf(bundle).map(run => ({ ...run, chosen: thresholds[run.mode] ?? run.threshold }));
  const panes = runs.filter(run => !compare || shown === 'both' || run.mode === shown);
  const columns = (view === 'reconstruction' ? 0 : panes.length) + (view === 'frame' ? 0 : 1);

  return (
    <div className="jp-Veilbook-frame" role="group" aria-label={trans.__('Veilbook frame %1', result.image)}>
      <div className="jp-Veilbook-bar">
        {reconstruction && (
          <Choice
            label={trans.__('View')}
            value={view}
            onChange={setView}
            options={[
              { value: 'frame', label: trans.__('Frame') },
              {
                value: 'reconstruction',
                label: trans.__('Reconstruction'),
                title: trans.__('What an attacker reconstructs from the activation')
              },
              { value: 'both', label: trans.__('Side by side') }
            ]}
          />
        )}
        {compare && view !== 'reconstruction' && (
          <Choice
            label={trans.__('Run')}
            value={shown}
            onChange={setShown}
            options={[
              { value: 'clean', label: trans.__('Clean') },
              { value: 'noisy', label: trans.__('Noisy') },
              { value: 'both', label: trans.__('Clean and noisy') }
            ]}
          />
        )}
        {view !== 'reconstruction' && !result.classes && (
          <label className="jp-Veilbook-check">
            <input {...ownKeys} type="checkbox" checked={boxes} onChange={event => setBoxes(event.target.checked)} />
            {trans.__('Boxes')}
          </label>
        )}
      </div>
      <div className="jp-Veilbook-panes" style={paneStyle(bundle, columns)} data-columns={columns}>
        {view !== 'reconstruction' &&
          panes.map(run => (
            <FramePane
              key={run.mode}
              bundle={bundle}
              run={run}
              boxes={boxes}
              threshold={run.chosen}
              onThreshold={value => setThresholds(before => ({ ...before, [run.mode]: value }))}
              trans={trans}
            />
          ))}
        {reconstruction && view !== 'frame' && (
          <ReconstructionPane bundle={bundle} reconstruction={reconstruction} trans={trans} />
        )}
      </div>
      {result.notices.length > 0 && (
        <ul className="jp-Veilbook-notices" aria-label={trans.__('Notices')}>
          {result.notices.map(notice => (
            <li key={notice} className="jp-Veilbook-notice">
              {notice}
            </li>
          ))}
        </ul>
      )}
      <Details result={result} trans={trans} />
    </div>
  );
}

/** The clean run first, whichever of the two was asked for. */
function runsOf({ result, compare }: FrameBundle): FrameRun[] {
  const results = compare && compare.mode !== result.mode ? [result, compare] : [result];
  return results
    .map(({ mode, alpha, threshold, detections, classes, artefact }) => ({
      mode,
      alpha,
      threshold,
      detections,
      classes,
      uncalibrated: artefact !== null && !artefact.calibrated
    }))
    .sort((a, b) => a.mode.localeCompare(b.mode));
}

/** A pane is never wider than the picture's own pixels, nor so tall that caption and slider leave the screen. */
function paneStyle({ result, frame }: FrameBundle, columns: number): React.CSSProperties {
  const aspect = result.width / result.height;
  const width = Math.round(Math.min(frame.width, 480 * aspect, 720));
  return { '--jp-veilbook-columns': columns, '--jp-veilbook-pane': `${width}px` } as React.CSSProperties;
}
