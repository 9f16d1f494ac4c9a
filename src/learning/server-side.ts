import { filtersFor } from '../models/strength';
import { denoiserBody } from '../models/denoiser-graph';
import { serverGraph, serverWeights } from '../models/server-graph';
import { asStored, type Weights } from '../models';
import { floatsOf, dimsOf } from '../models/onnx/tensors';
import { type OnnxModel } from '../models/onnx';
import { type ServerPart } from '../protocol';
import { type Random } from '../numerics/random';
import { type Effort } from './effort';
import { type NoiseSpectrum } from './leakage';
import { NoisyView } from './noisy-view';
import { type Normals } from './normals';
import { type Sample } from './samples';
import { LearningSession, type LearningDevice } from './session';
import { type Statistics } from './statistics';
import { type Answer, type Task } from './task';
import { Trainer } from './training/trainer';

const DENOISER_WIDTH = 64;
const BATCH = 8;
const DENOISER_RATE = 1e-3;
/** A tail that was trained before is moved with care. */
const TAIL_RATE = 4e-4;

/** A server's side that was tried at one strength. */
export interface Candidate {
  parts: ServerPart[];
  /** Null: the filter alone. */
  weights: Weights | null;
  /** Mean distance from the clean model's answers, on samples that were not trained on. */
  distance: number;
  agreement: number;
}

/** Agreement with the clean model at which users see no difference: nothing is trained where the filter alone reaches it. */
const NEAR = 0.99;
/** Ticks of `serverSides`. */
export const ticksAKnot = ({ denoiserSteps, tailSteps }: Effort): number => denoiserSteps + tailSteps;

export interface ServerTraining {
  tail: OnnxModel;
  task: Task;
  statistics: Statistics;
  fit: readonly Sample[];
  select: readonly Sample[];
  random: Random;
  normals: Normals;
  device: LearningDevice;
  effort: Effort;
  seen: () => void;
}

/**
 * What the server can do about the noise S, from less to more: the filter; a denoiser behind it, tail frozen; the tail
 * tuned with it. All by self-distillation: the clean model's answers are what is learned.
 * @param start weights that were learned for less noise, to go on from
 */
export async function serverSides(S: NoiseSpectrum, start: Weights | null, training: ServerTraining): Promise<Candidate[]> {
  const { tail, statistics, random } = training;
  const [channels] = statistics.field.shape;
  const fresh = weightsOf(denoiserBody(channels, DENOISER_WIDTH, () => random.uniform()));
  const begun = start ? serverWeights(start) : {};
  const view = await NoisyView.open(statistics, S, training.device);
  const parts = (denoiser: Weights) => ({ filter: filterParts(statistics, S), denoiser });
  const train = async (weights: Weights, names: readonly string[] | 'all', rate: number, steps: number): Promise<Weights> => {
    const { denoiser, tail: tuned } = serverWeights(weights);
    const network = serverGraph(tail, { ...parts(denoiser!), ...(tuned && { tail: tuned }) });
    const { loss, references } = training.task.loss(network);
    const trainer = await Trainer.open(network, loss, names, {
      device: training.device,
      learningRate: rate,
      steps
    });
    for (let step = 0; step < steps; step++) {
      const batch = Array.from({ length: BATCH }, () => training.fit[random.integer(training.fit.length)]);
      const noisy = await view.see(batch, training.normals);
      await trainer.step({ [training.task.input]: noisy, ...references(batch.map(({ answer }) => answer)) });
      training.seen();
    }
    const learned = { ...weights, ...trainer.weights() };
    await trainer.release();
    return asStored(learned);
  };
  const tried: Candidate[] = [await judge(['filter'], null)];
  if (tried[0].agreement >= NEAR) {
    await view.release();
    return tried;
  }
  const denoised = await train(begun.denoiser ?? fresh, Object.keys(fresh), DENOISER_RATE, training.effort.denoiserSteps);
  tried.push(await judge(['filter', 'denoiser'], denoised));
  const tuned = await train({ ...denoised, ...begun.tail }, 'all', TAIL_RATE, training.effort.tailSteps);
  tried.push(await judge(['filter', 'denoiser', 'tail'], tuned));
  await view.release();
  return tried;

  async function judge(kinds: ServerPart[], weights: Weights | null): Promise<Candidate> {
    const network = networkOf(tail, statistics, S, weights);
    const answers = await answersTo(network, training.task, view, training.select, training.normals, training.device);
    return { parts: kinds, weights, ...compare(training.task, training.select, answers) };
  }
}

/** The best candidate; one that has more parts must be better by more than this share of the distance. */
const WORTH = 0.02;

export function bestOf(tried: readonly Candidate[]): Candidate {
  return tried.reduce((best, candidate) => (candidate.distance < (1 - WORTH) * best.distance ? candidate : best));
}

/** What a network says about samples under noise. */
export async function answersTo(
  network: OnnxModel,
  task: Task,
  view: NoisyView,
  samples: readonly Sample[],
  normals: Normals,
  device: LearningDevice
): Promise<Answer[]> {
  const session = await LearningSession.open(network, device);
  const answers: Answer[] = [];
  for (const sample of samples) {
    const results = await session.run({ [task.input]: await view.see([sample], normals) });
    answers.push(Object.fromEntries(task.outputs.map(({ name }) => [name, results[name].data])));
  }
  await session.release();
  return answers;
}

export function compare(
  task: Task,
  samples: readonly Sample[],
  answers: readonly Answer[]
): { distance: number; agreement: number } {
  const pairs = samples.map((sample, i) => ({ clean: sample.answer, noisy: answers[i], frame: sample }));
  const distance = pairs.reduce((sum, { clean, noisy }) => sum + task.distance(clean, noisy), 0) / pairs.length;
  return { distance, agreement: task.agreement(pairs) };
}

/** The server's side with these weights, as one graph. */
export function networkOf(tail: OnnxModel, statistics: Statistics, S: NoiseSpectrum, weights: Weights | null): OnnxModel {
  return serverGraph(tail, { filter: filterParts(statistics, S), ...(weights && serverWeights(weights)) });
}

function filterParts({ field, kept }: Statistics, S: NoiseSpectrum) {
  return { ...field, mean: kept.activation_mean, matrices: filtersFor(kept, S) };
}

function weightsOf({ graph }: OnnxModel): Weights {
  return Object.fromEntries(graph.initializer.map(tensor => [tensor.name, { data: floatsOf(tensor), shape: dimsOf(tensor) }]));
}
