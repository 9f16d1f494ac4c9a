import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { Detection } from '../../protocol';
import { facesAt, lowestThreshold } from './bundle';
import { ownKeys } from './keys';

/** More marks than this are one dark band, and a notebook may hold any number. */
const MOST_MARKS = 500;

interface ThresholdSliderProps {
  detections: readonly Detection[];
  /** What the run was drawn at. */
  initial: number;
  value: number;
  onChange: (value: number) => void;
  label: string;
  trans: TranslationBundle;
}

/** Chooses from which score a box is drawn. Marks above the track stand at the scores of the boxes themselves. */
export function ThresholdSlider({ detections, initial, value, onChange, label, trans }: ThresholdSliderProps): JSX.Element {
  const lowest = lowestThreshold(detections, initial);
  const place = (score: number) => (100 * (score - lowest)) / (1 - lowest);
  const marks = detections.slice(0, MOST_MARKS);
  const count = facesAt(detections, value).length;
  return (
    <div className="jp-Veilbook-threshold" style={{ '--jp-veilbook-at': `${place(value)}%` } as React.CSSProperties}>
      <span className="jp-Veilbook-thresholdName" aria-hidden="true">
        {trans.__('Threshold')}
      </span>
      <span className="jp-Veilbook-track">
        <svg className="jp-Veilbook-marks" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
          {marks.map(({ score }, index) => (
            <line
              key={index}
              className={score >= value ? 'jp-mod-drawn' : undefined}
              x1={place(score)}
              x2={place(score)}
              y1={0}
              y2={1}
              vectorEffect="non-scaling-stroke"
            />
          ))}
        </svg>
        <input
          {...ownKeys}
          type="range"
          min={lowest}
          max={1}
          step={0.01}
          value={value}
          aria-label={label}
          aria-valuetext={trans._n('%2, %1 face', '%2, %1 faces', count, value.toFixed(2))}
          onChange={event => onChange(event.target.valueAsNumber)}
        />
      </span>
      <span className="jp-Veilbook-value">{value.toFixed(2)}</span>
    </div>
  );
}
