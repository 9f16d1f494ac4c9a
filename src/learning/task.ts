import { agreement, topAgreement } from '../evaluation';
import { type OnnxModel } from '../models/onnx';
import { postprocess } from '../pipeline/boxes';
import { layPriors } from '../pipeline/priors';
import { type Detection, type ModelManifest } from '../protocol';
import { type Loss } from './adjoint';
import { batchOf, type Values } from './values';
import { classificationLoss, detectionLoss } from './training/losses';

/** What a tail says about one sample: its outputs by name. */
export type Answer = Record<string, Float32Array>;

export interface Frame {
  width: number;
  height: number;
}

/** What learning asks of a model's task: how far two answers are apart, and whether users would see a difference. */
export interface Task {
  /** The tail's input. */
  input: string;
  /** Outputs of the tail. */
  outputs: { name: string; shape: readonly number[] }[];
  /** The loss of a network with the tail's outputs, and what it is told about samples with these clean answers. */
  loss(network: OnnxModel): { loss: Loss; references(clean: readonly Answer[]): Record<string, Values> };
  /** Distance of an answer from the clean model's, 0 when they are the same; the loss of `training/losses.ts`. */
  distance(clean: Answer, noisy: Answer): number;
  /** Agreement with the clean model over many samples, 0…1. */
  agreement(pairs: readonly { clean: Answer; noisy: Answer; frame: Frame }[]): number;
}

export function taskOf(manifest: ModelManifest): Task {
  return manifest.task === 'face-detection' ? detectionTask(manifest) : classificationTask(manifest);
}

type Manifest<T> = Extract<ModelManifest, { task: T }>;

function detectionTask(manifest: Manifest<'face-detection'>): Task {
  const { loc, conf, activation } = manifest.tail;
  const { face_index: face, threshold } = manifest.postprocess;
  const priors = layPriors(manifest);
  const boxes = (answer: Answer, frame: Frame): Detection[] =>
    postprocess(answer[loc.name], answer[conf.name], priors, frame, manifest.postprocess);
  return {
    input: activation.name,
    outputs: [loc, conf],
    loss: network => {
      const loss = detectionLoss(network, { loc: loc.name, conf: conf.name });
      const [scores, offsets] = loss.inputs.map(({ name }) => name);
      return {
        loss,
        references: clean => ({
          [scores]: batchOf(
            clean.map(answer => facesOf(answer[conf.name], face)),
            conf.shape.slice(0, 1)
          ),
          [offsets]: batchOf(
            clean.map(answer => answer[loc.name]),
            loc.shape
          )
        })
      };
    },
    distance: (clean, noisy) => detectionDistance(clean, noisy, { loc: loc.name, conf: conf.name, face }),
    agreement: pairs =>
      agreement(
        pairs.map(({ clean, noisy, frame }) => ({ reference: boxes(clean, frame), detections: boxes(noisy, frame) })),
        threshold
      )
  };
}

function facesOf(conf: Float32Array, face: number): Float32Array {
  return Float32Array.from({ length: conf.length / 2 }, (_, i) => conf[2 * i + face]);
}

/** Bernoulli-KL of the face scores, and 0.3 smooth-L1 of the boxes weighted by the clean score; over the sum of scores. */
function detectionDistance(clean: Answer, noisy: Answer, names: { loc: string; conf: string; face: number }): number {
  const [q, p] = [clean[names.conf], noisy[names.conf]];
  const [at, is] = [clean[names.loc], noisy[names.loc]];
  let [sum, weight] = [0, 1];
  for (let i = 0; 2 * i < q.length; i++) {
    const [wanted, found] = [q[2 * i + names.face], Math.min(Math.max(p[2 * i + names.face], 1e-7), 1 - 1e-7)];
    sum += bernoulli(wanted, found);
    weight += wanted;
    if (wanted > 0.01) {
      for (let k = 4 * i; k < 4 * i + 4; k++) {
        const error = Math.abs(at[k] - is[k]);
        sum += 0.3 * wanted * (error < 1 ? 0.5 * error * error : error - 0.5);
      }
    }
  }
  return sum / weight;
}

function bernoulli(q: number, p: number): number {
  return (q > 0 ? q * Math.log(q / p) : 0) + (q < 1 ? (1 - q) * Math.log((1 - q) / (1 - p)) : 0);
}

function classificationTask(manifest: Manifest<'image-classification'>): Task {
  const { scores, activation } = manifest.tail;
  return {
    input: activation.name,
    outputs: [scores],
    loss: network => {
      const loss = classificationLoss(network, { scores: scores.name });
      const [reference] = loss.inputs;
      return {
        loss,
        references: clean => ({
          [reference.name]: batchOf(
            clean.map(answer => answer[scores.name]),
            scores.shape
          )
        })
      };
    },
    distance: (clean, noisy) =>
      clean[scores.name].reduce((sum, q, k) => sum + (q > 0 ? q * Math.log(q / Math.max(noisy[scores.name][k], 1e-12)) : 0), 0),
    agreement: pairs =>
      topAgreement(pairs.map(({ clean, noisy }) => ({ reference: clean[scores.name], scores: noisy[scores.name] })))
  };
}
