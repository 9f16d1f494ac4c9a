import { type OnnxModel } from '../../models/onnx';
import { type Loss } from '../adjoint';
import { LossWriter } from './loss-writer';

/** What boxes weigh against scores; the sensitivity that shapes the noise weighs them alike. */
const BOXES = 0.3;

/**
 * Priors of no more than this score are background: what their boxes are does not matter. A detector has thousands of
 * them, and the bundled one gives them scores of 0.004 that sum to 90 an image, where the priors of a face sum to 10.
 */
const BACKGROUND = 0.01;

/** Sum of scores that every image brings along: without it, a batch without faces would take the longest steps of all. */
const SCORES_PER_IMAGE = 8;

/**
 * How far a detector's tail is from reference detections (scores q of faces, and boxes): the sum over priors of the
 * Kullback-Leibler divergence KL(q || p) of two Bernoulli distributions plus 0.3 w smoothL1(loc - boxes) (Girshick 2015,
 * arXiv:1504.08083), w = q where q is above 0.01 and 0 elsewhere. The sum is divided by sum w + 8 N, so that batches with
 * many faces and with few take steps of like size.
 * Inputs, in this order: `scores` [N,P] in 0…1 and `boxes` [N,P,4], offsets as in loc. Where the tail has a tensor of
 * that name, the input is `reference scores` or `reference boxes`.
 * @param outputs of the tail: loc [N,P,4], and conf [N,P,2], made by Softmax, whose column `face` is the face's score
 * @throws VeilError `model_mismatch` where conf is not made by Softmax
 */
export function detectionLoss(tail: OnnxModel, { loc, conf, face = 1 }: { loc: string; conf: string; face?: number }): Loss {
  const writer = new LossWriter(tail);
  const [q, to] = [writer.reference('scores', conf, 1), writer.reference('boxes', loc)];
  const faces = writer.emit('Unsqueeze', [q, writer.integers([2])]);
  const others = writer.emit('Sub', [writer.scalar(1), faces]);
  const reference = writer.emit('Concat', face === 1 ? [others, faces] : [faces, others], { axis: 2 });
  const images = writer.emit('Gather', [writer.emit('Shape', [q]), writer.integers([0])]);
  const floor = writer.emit('Mul', [writer.asFloat(images), writer.scalar(SCORES_PER_IMAGE)]);
  const isFace = writer.emit('Greater', [faces, writer.scalar(BACKGROUND)]);
  const weight = writer.emit('Where', [isFace, faces, writer.scalar(0)]);
  const norm = writer.emit('Add', [writer.sum(weight), writer.emit('Squeeze', [floor])]);

  // Smooth L1 of d is c (d - c/2) with c = d clipped to -1…1, and c is its derivative.
  const off = writer.emit('Sub', [loc, to]);
  const clipped = writer.emit('Clip', [off, writer.scalar(-1), writer.scalar(1)]);
  const slope = writer.emit('Mul', [clipped, writer.emit('Mul', [weight, writer.scalar(BOXES)])]);
  const height = writer.emit('Sub', [off, writer.emit('Mul', [clipped, writer.scalar(0.5)])]);
  const boxes = writer.sum(writer.emit('Mul', [slope, height]));

  const value = writer.emit('Div', [writer.emit('Add', [writer.divergence(conf, reference), boxes]), norm]);
  const byLogits = writer.emit('Div', [writer.emit('Sub', [conf, reference]), norm]);
  return writer.loss(value, { ...writer.beforeSoftmax(conf, byLogits), [loc]: writer.emit('Div', [slope, norm]) });
}

/**
 * The mean Kullback-Leibler divergence KL(q || p) of a classifier's probabilities p from reference ones q.
 * Input: `scores`, q in the shape of p; every distribution sums to 1. Where the tail has a tensor of that name, the input
 * is `reference scores`.
 * @param outputs of the tail: scores [N,K] of any K, made by Softmax
 * @throws VeilError `model_mismatch` where scores are not made by Softmax
 */
export function classificationLoss(tail: OnnxModel, { scores }: { scores: string }): Loss {
  const writer = new LossWriter(tail);
  const reference = writer.reference('scores', scores);
  // Distributions are counted by their sums.
  const count = writer.sum(reference);
  const value = writer.emit('Div', [writer.divergence(scores, reference), count]);
  const byLogits = writer.emit('Div', [writer.emit('Sub', [scores, reference]), count]);
  return writer.loss(value, writer.beforeSoftmax(scores, byLogits));
}

/** The mean over all values of (output - reference)^2. Input: `reference`, in the output's shape. */
export function squaredError(network: OnnxModel, output: string): Loss {
  const writer = new LossWriter(network);
  const off = writer.emit('Sub', [output, writer.reference('reference', output)]);
  const count = writer.asFloat(writer.emit('Size', [output]));
  const value = writer.emit('Div', [writer.sum(writer.emit('Mul', [off, off])), count]);
  const slope = writer.emit('Div', [writer.emit('Mul', [off, writer.scalar(2)]), count]);
  return writer.loss(value, { [output]: slope });
}
