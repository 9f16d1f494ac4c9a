import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { ClassScore, Detection, FrameBundle, Picture } from '../../protocol';
import { facesAt } from './bundle';
import type { FrameRun } from './frameview';
import { ownKeys } from './keys';
import { ThresholdSlider } from './threshold';

interface FramePaneProps {
  bundle: FrameBundle;
  run: FrameRun;
  boxes: boolean;
  threshold: number;
  onThreshold: (value: number) => void;
  trans: TranslationBundle;
}

/** The frame with the boxes of one run, and the slider that says which of them are drawn; or with its classes. */
export function FramePane({ bundle, run, boxes, threshold, onThreshold, trans }: FramePaneProps): JSX.Element {
  const { result, frame } = bundle;
  const faces = facesAt(run.detections, threshold);
  const [best, ...others] = run.classes ?? [];
  const count = best ? scored(best) : trans._n('%1 face', '%1 faces', faces.length);
  const name = run.mode === 'clean' ? trans.__('Clean') : trans.__('Noisy');
  return (
    <figure className="jp-Veilbook-pane" aria-label={trans.__('%1 run, %2', name, count)}>
      <Canvas picture={frame} aspect={result.width / result.height} alt={trans.__('%1: %2', result.image, count)}>
        {boxes && faces.map((face, index) => <Box key={index} face={face} width={result.width} height={result.height} />)}
      </Canvas>
      <figcaption className="jp-Veilbook-legend">
        <span className="jp-Veilbook-legendName">
          {name}
          {run.alpha !== null && <> · {trans.__('ALPHA %1', run.alpha)}</>}
          {run.uncalibrated && <span className="jp-Veilbook-badge">{trans.__('uncalibrated')}</span>}
        </span>
        <span className="jp-Veilbook-count">
          {!best && threshold !== run.threshold && (
            <button
              {...ownKeys}
              type="button"
              className="jp-Veilbook-link"
              onClick={() => onThreshold(run.threshold)}
              title={trans.__('Back to %1, the threshold of the run', run.threshold.toFixed(2))}
            >
              {trans.__('Reset')}
            </button>
          )}
          <output>{count}</output>
        </span>
      </figcaption>
      {best ? (
        <p className="jp-Veilbook-classes">{others.map(scored).join(' · ')}</p>
      ) : (
        <ThresholdSlider
          detections={run.detections}
          initial={run.threshold}
          value={threshold}
          onChange={onThreshold}
          label={trans.__('Threshold of the %1 run', name.toLowerCase())}
          trans={trans}
        />
      )}
    </figure>
  );
}

const scored = ({ label, score }: ClassScore): string => `${label} ${score.toFixed(2)}`;

interface ReconstructionPaneProps {
  bundle: FrameBundle;
  reconstruction: NonNullable<FrameBundle['reconstruction']>;
  trans: TranslationBundle;
}

/** What an attacker makes of the activation; who the attacker was stands below, for nobody else is meant. */
export function ReconstructionPane({ bundle, reconstruction, trans }: ReconstructionPaneProps): JSX.Element {
  const { result } = bundle;
  const name = trans.__('What an attacker reconstructs');
  return (
    <figure className="jp-Veilbook-pane" aria-label={name}>
      <Canvas
        picture={reconstruction.picture}
        aspect={result.width / result.height}
        alt={trans.__('%1, reconstructed from its activation', result.image)}
      />
      <figcaption className="jp-Veilbook-legend">
        <span className="jp-Veilbook-legendName">{name}</span>
        <span className="jp-Veilbook-attacker">{reconstruction.attacker}</span>
      </figcaption>
    </figure>
  );
}

interface CanvasProps {
  picture: Picture;
  aspect: number;
  alt: string;
  children?: React.ReactNode;
}

/** A picture stretched to the frame's own proportions; what lies on it is placed in per cent of them. */
function Canvas({ picture, aspect, alt, children }: CanvasProps): JSX.Element {
  const source = `data:${picture.mime};base64,${picture.base64.replace(/\s/g, '')}`;
  return (
    <div className="jp-Veilbook-canvas" style={{ aspectRatio: String(aspect) }}>
      <img src={source} width={picture.width} height={picture.height} alt={alt} draggable={false} />
      {children}
    </div>
  );
}

function Box({ face, width, height }: { face: Detection; width: number; height: number }): JSX.Element {
  const left = Math.max(0, face.x1);
  const top = Math.max(0, face.y1);
  const share = (pixels: number, of: number) => `${(100 * pixels) / of}%`;
  const score = face.score.toFixed(2);
  return (
    <div
      className="jp-Veilbook-box"
      title={score}
      style={{
        left: share(left, width),
        top: share(top, height),
        width: share(Math.max(0, Math.min(width, face.x2) - left), width),
        height: share(Math.max(0, Math.min(height, face.y2) - top), height)
      }}
    >
      <span className={`jp-Veilbook-score${top < 0.08 * height ? ' jp-mod-inside' : ''}`}>{score}</span>
    </div>
  );
}
