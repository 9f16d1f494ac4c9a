import { VeilError, type Detection, type FaceDetectionManifest } from '../protocol';
import { suppress } from './nms';

/** Candidates by falling score, as columns of floats. */
export interface Candidates {
  count: number;
  scores: Float32Array;
  /** x1, y1, x2, y2 of each, in pixels of the original frame. */
  boxes: Float32Array;
}

/**
 * Boxes at or above the score cut, after non-maximum suppression, in pixels of the original frame and clipped to it,
 * best first.
 *
 * @param loc [P,4] offsets dx, dy, dw, dh from the priors, to be scaled by the variances
 * @param conf [P,2] scores
 * @param priors [P,4] of `layPriors`
 */
export function postprocess(
  loc: Float32Array,
  conf: Float32Array,
  priors: Float32Array,
  frame: { width: number; height: number },
  settings: FaceDetectionManifest['postprocess']
): Detection[] {
  const best = selectBest(conf, settings.face_index, settings.score_cut, settings.top_k);
  const { count, boxes, scores } = decode(loc, conf, priors, best, frame, settings);
  const kept = suppress(boxes, count, settings.nms_iou, settings.keep_top_k);
  const detections: Detection[] = [];
  for (const i of kept) {
    const detection = {
      x1: clip(boxes[4 * i], frame.width),
      y1: clip(boxes[4 * i + 1], frame.height),
      x2: clip(boxes[4 * i + 2], frame.width),
      y2: clip(boxes[4 * i + 3], frame.height),
      score: scores[i]
    };
    // A box that lies wholly outside shows nothing.
    if (detection.x2 > detection.x1 && detection.y2 > detection.y1) {
      detections.push(detection);
    }
  }
  return detections;
}

function clip(value: number, side: number): number {
  return Math.min(Math.max(value, 0), side);
}

/** Score bits and index in one exact double: floats of one sign order as their bits do. */
const INDEX_SPAN = 2 ** 22;

/**
 * Indices of the scores at or above the cut, best first, at most `limit`; equal scores by falling index, as numpy's
 * `argsort()[::-1]` gives them.
 * @throws VeilError `bad_tensor` when a score is not a number
 */
export function selectBest(conf: Float32Array, faceIndex: number, cut: number, limit: number): Int32Array {
  const bits = new Int32Array(conf.buffer, conf.byteOffset, conf.length);
  const keys = new Float64Array(conf.length / 2);
  let count = 0;
  for (let i = 0, at = faceIndex; at < conf.length; i++, at += 2) {
    const score = conf[at];
    if (score >= cut) {
      keys[count++] = bits[at] * INDEX_SPAN + i;
    } else if (score !== score) {
      throw new VeilError('bad_tensor', 'A score is not a number. No boxes were made.', 'Check the frame and the model.');
    }
  }
  const sorted = keys.subarray(0, count).sort();
  const best = new Int32Array(Math.min(count, limit));
  for (let i = 0; i < best.length; i++) {
    best[i] = sorted[count - 1 - i] % INDEX_SPAN;
  }
  return best;
}

function decode(
  loc: Float32Array,
  conf: Float32Array,
  priors: Float32Array,
  best: Int32Array,
  { width, height }: { width: number; height: number },
  { variances: [centre, size], face_index }: FaceDetectionManifest['postprocess']
): Candidates {
  const scores = new Float32Array(best.length);
  const boxes = new Float32Array(4 * best.length);
  for (let i = 0; i < best.length; i++) {
    const from = 4 * best[i];
    const w = priors[from + 2] * Math.exp(loc[from + 2] * size);
    const h = priors[from + 3] * Math.exp(loc[from + 3] * size);
    const x = priors[from] + loc[from] * centre * priors[from + 2];
    const y = priors[from + 1] + loc[from + 1] * centre * priors[from + 3];
    boxes[4 * i] = (x - w / 2) * width;
    boxes[4 * i + 1] = (y - h / 2) * height;
    boxes[4 * i + 2] = (x + w / 2) * width;
    boxes[4 * i + 3] = (y + h / 2) * height;
    scores[i] = conf[2 * best[i] + face_index];
  }
  return { count: best.length, scores, boxes };
}
