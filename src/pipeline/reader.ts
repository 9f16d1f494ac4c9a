import type { LoadedModel } from '../models';
import { VeilError, type DetectionResult, type FaceDetectionManifest, type ImageClassificationManifest } from '../protocol';
import { postprocess } from './boxes';
import { bestClasses } from './classifier';
import { layPriors } from './priors';

/** What a result says of a frame. */
export type Answer = Pick<DetectionResult, 'detections' | 'classes'>;

/** The one part of the pipeline that knows the model's task: it reads what the tail gave. */
export interface Reader {
  /** The tail's outputs, without the batch axis, by the names that interfaces give them. */
  outputs: Record<string, { name: string; shape: number[] }>;
  /** Score from which something is drawn. */
  threshold(noisy: boolean): number;
  /**
   * @param values of the outputs, in their order
   * @throws VeilError `bad_tensor` when a score is not a number
   */
  read(values: readonly Float32Array[], frame: { width: number; height: number }): Answer;
}

/** @throws VeilError `model_mismatch` when outputs and priors do not match */
export function readerFor({ dir, manifest }: LoadedModel): Reader {
  return manifest.task === 'face-detection' ? faceReader(dir, manifest) : classReader(manifest);
}

function faceReader(dir: string, manifest: FaceDetectionManifest): Reader {
  const { tail, postprocess: settings } = manifest;
  const priors = layPriors(manifest);
  checkColumns(dir, manifest, priors.length / 4);
  return {
    outputs: { loc: tail.loc, conf: tail.conf },
    threshold: noisy => (noisy ? settings.noisy_threshold : settings.threshold),
    read: ([loc, conf], frame) => ({ detections: postprocess(loc, conf, priors, frame, settings) })
  };
}

function classReader({ tail, labels }: ImageClassificationManifest): Reader {
  return {
    outputs: { scores: tail.scores },
    threshold: () => 0,
    read: ([scores]) => ({ detections: [], classes: bestClasses(scores, labels) })
  };
}

/** One row of boxes and scores for each prior. */
function checkColumns(dir: string, { tail, postprocess }: FaceDetectionManifest, priors: number): void {
  const fits = tail.loc.shape.join() === [priors, 4].join() && tail.conf.shape.join() === [priors, 2].join();
  if (!fits || postprocess.face_index > 1) {
    throw new VeilError(
      'model_mismatch',
      `${dir} describes ${priors} priors, boxes of [${tail.loc.shape}] and scores of [${tail.conf.shape}]. Nothing was run.`,
      `Correct model.json: boxes must be [${priors},4], scores [${priors},2].`
    );
  }
}
