import { GraphView, type OnnxModel } from '../models/onnx';
import { forRuntime } from '../models/runtime-graph';
import { VeilError, type ModelManifest } from '../protocol';
import { type Matrix } from '../numerics/symmetric';
import { adjointOf } from './adjoint';
import { type Normals } from './normals';
import { LearningSession, type LearningDevice, type Values } from './session';
import { SpectraSum } from './spectra';

/** Keeps priors that the model is sure about in view: without it their Fisher information vanishes. */
const LEAST_VARIANCE = 1e-3;
/** What a box counts beside a score. */
const BOX_WEIGHT = 0.3;

/** Tells how much the task minds a change of the activation, by random probes of its output's Fisher information. */
export interface Probe {
  /** The gradient by the activation [C,H,W] of the probe s, drawn anew for each call. */
  gradient(activation: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * Per radial bin G = mean of g_f g_f^H, g the gradients of random probes at clean activations: what noise n costs the
 * task is about sum_f tr(G_f S_f).
 */
export async function sensitivityOf(
  probe: Probe,
  activations: Iterable<Float32Array>,
  shape: readonly [number, number, number],
  device: LearningDevice,
  seen: () => void
): Promise<Matrix[]> {
  const sum = await SpectraSum.open(shape, 0, false, device);
  for (const activation of activations) {
    await sum.add(await probe.gradient(activation));
    seen();
  }
  return (await sum.finish()).aa;
}

/** A probe for a model's task. */
export function openProbe(tail: OnnxModel, manifest: ModelManifest, normals: Normals, device: LearningDevice): Promise<Probe> {
  return manifest.task === 'face-detection'
    ? openDetectionProbe(tail, manifest, normals, device)
    : openClassificationProbe(tail, manifest, normals, device);
}

type Manifest<Task> = Extract<ModelManifest, { task: Task }>;

/**
 * s = sum_i u_i sqrt(p_i (1 - p_i) + 1e-3) d_i + 0.3 sum_i u'_i sqrt(p_i) loc_i with u, u' ~ N(0,1), d the face logit less
 * the background logit and p the face score, both held fixed: the mean of g g^T is the Fisher information of the scores,
 * plus that of boxes as far as there is a face.
 */
async function openDetectionProbe(
  tail: OnnxModel,
  { tail: ports, postprocess: { face_index: face } }: Manifest<'face-detection'>,
  normals: Normals,
  device: LearningDevice
): Promise<Probe> {
  const logits = logitsOf(tail, ports.conf.name);
  const adjoint = await adjointOf(tail, [logits, ports.loc.name]);
  const [forward, backward] = await Promise.all([
    LearningSession.open(forRuntime(tail, { kind: 'cpu' }), device),
    LearningSession.open(adjoint.model, device)
  ]);
  const [priors] = ports.conf.shape;
  const byLogits: Values = { data: new Float32Array(2 * priors), dims: [1, priors, 2] };
  const byLoc: Values = { data: new Float32Array(4 * priors), dims: [1, priors, 4] };
  return {
    gradient: async data => {
      const activation = { data, dims: [1, ...ports.activation.shape] };
      const conf = (await forward.run({ [ports.activation.name]: activation }))[ports.conf.name].data;
      normals.fill(byLoc.data);
      const u = normals.take(priors);
      for (let i = 0; i < priors; i++) {
        const p = conf[2 * i + face];
        const weight = u[i] * Math.sqrt(p * (1 - p) + LEAST_VARIANCE);
        byLogits.data[2 * i + face] = weight;
        byLogits.data[2 * i + 1 - face] = -weight;
        for (let k = 0; k < 4; k++) {
          byLoc.data[4 * i + k] *= BOX_WEIGHT * Math.sqrt(p);
        }
      }
      const { [logits]: conf_, [ports.loc.name]: loc_ } = adjoint.cotangents;
      return (await backward.run({ [adjoint.activation]: activation, [conf_]: byLogits, [loc_]: byLoc }))[adjoint.gradient].data;
    },
    release: async () => {
      await forward.release();
      await backward.release();
    }
  };
}

/** s = sum_k u_k sqrt(p_k) (l_k - sum_j p_j l_j), l the logits: the mean of g g^T is the Fisher information of the softmax. */
async function openClassificationProbe(
  tail: OnnxModel,
  { tail: ports }: Manifest<'image-classification'>,
  normals: Normals,
  device: LearningDevice
): Promise<Probe> {
  const logits = logitsOf(tail, ports.scores.name);
  const adjoint = await adjointOf(tail, [logits]);
  const [forward, backward] = await Promise.all([
    LearningSession.open(tail, device),
    LearningSession.open(adjoint.model, device)
  ]);
  const [classes] = ports.scores.shape;
  return {
    gradient: async data => {
      const activation = { data, dims: [1, ...ports.activation.shape] };
      const scores = (await forward.run({ [ports.activation.name]: activation }))[ports.scores.name].data;
      const weights = normals.take(classes).map((u, k) => u * Math.sqrt(scores[k] + LEAST_VARIANCE / classes));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const by = { data: weights.map((weight, k) => weight - sum * scores[k]), dims: [1, classes] };
      return (await backward.run({ [adjoint.activation]: activation, [adjoint.cotangents[logits]]: by }))[adjoint.gradient].data;
    },
    release: async () => {
      await forward.release();
      await backward.release();
    }
  };
}

/**
 * The tensor that the Softmax behind an output makes probabilities of.
 * @throws VeilError `model_mismatch` when there is none
 */
export function logitsOf(tail: OnnxModel, output: string): string {
  const { producers } = new GraphView(tail);
  let producer = producers.get(output);
  while (producer?.opType === 'Identity') {
    producer = producers.get(producer.input[0]);
  }
  if (producer?.opType !== 'Softmax') {
    throw new VeilError(
      'model_mismatch',
      `Output ${output} of the tail is not made by a Softmax. Nothing was learned.`,
      'Export the network with the Softmax as its last operator.'
    );
  }
  return producer.input[0];
}
