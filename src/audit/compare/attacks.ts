import { isDeepStrictEqual } from 'node:util';
import { detailError, pooledR2, pooledR2Interval, squaredError, type SquaredError } from '../../evaluation';
import { freshDecoder } from '../../learning/attacker';
import { LearningSession } from '../../learning/session';
import { openFront } from '../../learning/noisy-view';
import { type Normals } from '../../learning/normals';
import { type Sample } from '../../learning/samples';
import { squaredError as squaredErrorLoss } from '../../learning/training/losses';
import { Trainer } from '../../learning/training/trainer';
import { batchOf, type Values } from '../../learning/values';
import { noiseLevel } from '../../models/decoder-graph';
import { filterGraph } from '../../models/server-graph';
import { type Weights } from '../../models';
import { type OnnxModel } from '../../models/onnx';
import { dimsOf } from '../../models/onnx/tensors';
import { replaceWeights } from '../../models/onnx/replace-weights';
import { trace } from '../../numerics/matrix';
import { combine, eigenSymmetric, identity, spectralMap } from '../../numerics/symmetric';
import { type Setting, type Veil } from './method';

const BATCH = 8;
const RATE = 2e-3;
/** Of the mean power so much is added to a metric: directions without noise are not infinitely telling. */
const RIDGE = 1e-3;

export interface Leak {
  /** Share of the photographs' variance, and its 95 % interval by bootstrap over photographs. */
  r2: number;
  ci: [number, number];
  /** The same of differences between neighbouring pixels. */
  detail: number;
  /** The same within the boxes of the clean model; null where there are none. */
  faces: number | null;
}

/** What each attack recovers of photographs that it was not trained on, and how often it names the right one. */
export interface Leaks {
  a1: Leak;
  a2: Leak;
  /** The picture as it was sent; null where a tensor was. */
  as_sent: Leak | null;
  /** Share of photographs of which the tensor is nearest in the metric of the noise, among all that were attacked. */
  reid: { top1: number; among: number };
}

export interface AttackOptions {
  steps: number;
  /** Called after each step of the training and each photograph attacked. */
  seen: () => void;
}

/**
 * A1, the linear attacker over the whole field, and A2, a decoder trained for this method and strength alone from draws of
 * it, at photographs that neither has seen. Both begin with what `veil.attacker` says is known.
 */
export async function attack(setting: Setting, veil: Veil, { steps, seen }: AttackOptions): Promise<Leaks> {
  const { pass } = setting.subject;
  const { statistics, noise } = veil.attacker;
  const { shape } = statistics.field;
  const { spectra, kept } = statistics;
  const [, height, width] = shape;
  const front = await openFront(statistics, noise, pass.device);
  const plane = new Float32Array(height * width).fill(noiseLevel(spectra.aa, noise, spectra.bins.counts));
  const see = async (samples: readonly Sample[], normals: Normals) => {
    const tensors: Float32Array[] = [];
    for (const sample of samples) {
      tensors.push(await veil.attacker.undo(await veil.send(sample, normals)));
    }
    const { activation, linear } = await front.run({ noisy: batchOf(tensors, shape) });
    const level = batchOf(
      samples.map(() => plane),
      [1, height, width]
    );
    return { tensors, inputs: { activation, linear, level } };
  };
  const decoder = await train();
  const attacked = pass.samples.held_out;
  const normals = await pass.normals('compare attack');
  const [a1, a2, plain] = Array.from({ length: 3 }, () => new Tally(setting, kept.target_mean));
  const sent: Float32Array[] = [];
  for (const sample of attacked) {
    const { tensors, inputs } = await see([sample], normals);
    sent.push(tensors[0]);
    a1.add(sample, inputs.linear.data);
    a2.add(sample, (await decoder.run(inputs)).estimate.data);
    if (veil.attacker.picture) {
      plain.add(sample, await veil.attacker.picture(sample));
    }
    seen();
  }
  await Promise.all([decoder.release(), front.release()]);
  return {
    a1: a1.leak(),
    a2: a2.leak(),
    as_sent: veil.attacker.picture ? plain.leak() : null,
    reid: await reidentify(sent, attacked)
  };

  /** The artefact's decoder, before and after training for this method alone: whichever does better on other photographs. */
  async function train(): Promise<LearningSession> {
    const network = freshDecoder(statistics, pass.random('compare decoder'));
    const known = await setting.decoder(noise);
    const start = fits(known, network) ? known : {};
    const options = { device: pass.device, learningRate: RATE, steps };
    const trainer = await Trainer.open(network, squaredErrorLoss(network, 'estimate'), 'all', options);
    if (start === known) {
      trainer.load(start);
    }
    const [random, draws] = [pass.random('compare batches'), await pass.normals('compare training')];
    for (let step = 0; step < steps; step++) {
      const batch = Array.from({ length: BATCH }, () => pass.samples.fit[random.integer(pass.samples.fit.length)]);
      const reference: Values = batchOf(
        batch.map(({ target }) => target),
        [spectra.targets, height, width]
      );
      await trainer.step({ ...(await see(batch, draws)).inputs, reference });
      seen();
    }
    const tried: { session: LearningSession; error: number }[] = [];
    for (const weights of [start, trainer.weights()]) {
      const session = await LearningSession.open(replaceWeights(network, weights), pass.device);
      tried.push({ session, error: await errorOf(session) });
    }
    await trainer.release();
    const [better, worse] = tried.sort((a, b) => a.error - b.error);
    await worse.session.release();
    return better.session;
  }

  async function errorOf(session: LearningSession): Promise<number> {
    const draws = await pass.normals('compare choice');
    let sum = 0;
    for (const sample of pass.samples.select) {
      const { estimate } = await session.run((await see([sample], draws)).inputs);
      sum += distance(inRange(estimate.data), sample.target);
    }
    return sum;
  }

  /** A matched filter: the photograph whose clean activation is nearest, differences whitened by what noise is left. */
  async function reidentify(tensors: readonly Float32Array[], gallery: readonly Sample[]): Promise<Leaks['reid']> {
    const matrices = noise.map((S, bin) => {
      const metric = trace(S, spectra.channels) > 0 ? S : spectra.aa[bin];
      const ridge = (RIDGE * trace(metric, spectra.channels)) / spectra.channels;
      const lifted = combine(1, metric, ridge, identity(spectra.channels));
      return spectralMap(eigenSymmetric(lifted, spectra.channels), value => 1 / Math.sqrt(value));
    });
    const zero = kept.activation_mean.map(() => 0);
    const whitening = await LearningSession.open(filterGraph({ ...statistics.field, mean: zero, matrices }), pass.device);
    const whiten = async (z: Float32Array) => (await whitening.run({ noisy: { data: z, dims: [1, ...shape] } })).activation.data;
    const candidates: Float32Array[] = [];
    for (const { activation } of gallery) {
      candidates.push(await whiten(activation));
    }
    let right = 0;
    for (const [i, z] of tensors.entries()) {
      const w = await whiten(z);
      const distances = candidates.map(candidate => distance(w, candidate));
      right += distances.indexOf(Math.min(...distances)) === i ? 1 : 0;
    }
    await whitening.release();
    return { top1: right / tensors.length, among: gallery.length };
  }
}

/** Errors of one attack over photographs. */
class Tally {
  private readonly whole: SquaredError[] = [];
  private readonly detail: SquaredError[] = [];
  private readonly faces: SquaredError[] = [];

  constructor(
    private readonly setting: Setting,
    private readonly mean: Float32Array
  ) {}

  add(sample: Sample, estimate: Float32Array): void {
    const { model } = this.setting;
    const [, height, width] = this.setting.statistics.field.shape;
    const picture = inRange(estimate);
    this.whole.push(squaredError(sample.target, picture, this.mean));
    this.detail.push(detailError(sample.target, picture, this.mean, { height, width }));
    if (model.manifest.task === 'face-detection') {
      const cells = cellsOf(this.setting.boxes(sample), sample, height, width);
      const within = (field: Float32Array) => field.filter((_, i) => cells[i % cells.length]);
      this.faces.push(squaredError(within(sample.target), within(picture), within(this.mean)));
    }
  }

  leak(): Leak {
    return {
      r2: pooledR2(this.whole),
      ci: pooledR2Interval(this.whole),
      detail: pooledR2(this.detail),
      faces: this.faces.some(({ spread }) => spread > 0) ? pooledR2(this.faces) : null
    };
  }
}

/** Whether these are weights of this network: an artefact's decoder may be of another size. */
function fits(weights: Weights, { graph }: OnnxModel): boolean {
  return graph.initializer.every(tensor => weights[tensor.name] && isDeepStrictEqual(weights[tensor.name].shape, dimsOf(tensor)));
}

function inRange(estimate: Float32Array): Float32Array {
  return estimate.map(value => Math.min(Math.max(value, 0), 1));
}

/** Cells of the activation whose middle lies in a box. */
function cellsOf(boxes: ReturnType<Setting['boxes']>, frame: Sample, height: number, width: number): boolean[] {
  return Array.from({ length: height * width }, (_, i) => {
    const x = (((i % width) + 0.5) * frame.width) / width;
    const y = ((Math.floor(i / width) + 0.5) * frame.height) / height;
    return boxes.some(({ x1, y1, x2, y2 }) => x >= x1 && x < x2 && y >= y1 && y < y2);
  });
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += (a[i] - b[i]) ** 2;
  }
  return sum;
}
