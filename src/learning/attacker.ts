import { detailError, pooledR2, squaredError, type SquaredError } from '../evaluation/recovery';
import { decoderBody } from '../models/decoder-graph';
import { withGraph, port } from '../models/onnx/build';
import { floatTensor, floatsOf } from '../models/onnx/tensors';
import { type OnnxModel } from '../models/onnx';
import { type Weights } from '../models';
import { replaceWeights } from '../models/onnx/replace-weights';
import { type Random } from '../numerics/random';
import { noNoise, type NoiseSpectrum } from './leakage';
import { NoisyView, openFront } from './noisy-view';
import { type Normals } from './normals';
import { type Sample } from './samples';
import { LearningSession, type LearningDevice } from './session';
import { type Statistics } from './statistics';
import { squaredError as squaredErrorLoss } from './training/losses';
import { Trainer } from './training/trainer';
import { batchOf, type Values } from './values';

/** Channels of the adaptive decoder. */
const WIDTH = 64;
const BATCH = 8;
const RATE = 2e-3;

/** One strength as an attacker sees it who knows the noise. */
export class AttackedView {
  private constructor(
    private readonly view: NoisyView,
    private readonly front: LearningSession
  ) {}

  /** @param S null: clean activations */
  static async open(statistics: Statistics, S: NoiseSpectrum | null, device: LearningDevice): Promise<AttackedView> {
    return new AttackedView(
      await NoisyView.open(statistics, S, device),
      await openFront(statistics, S ?? noNoise(statistics.spectra), device)
    );
  }

  /** Inputs of the decoder, with fresh noise. */
  async see(samples: readonly Sample[], normals: Normals): Promise<Record<'activation' | 'linear' | 'level', Values>> {
    const { activation, linear } = await this.front.run({ noisy: await this.view.see(samples, normals) });
    return { activation, linear, level: this.view.levels(samples.length) };
  }

  async release(): Promise<void> {
    await this.view.release();
    await this.front.release();
  }
}

/** The decoder before training: the linear attacker, its inputs brought to like size. */
export function freshDecoder({ field, spectra }: Statistics, random: Random): OnnxModel {
  const [channels, height, width] = field.shape;
  const { targets, bins, aa } = spectra;
  const body = decoderBody(channels, targets, WIDTH, () => random.uniform());
  const deviation = Array.from({ length: channels }, (_, c) => {
    const power = aa.reduce((sum, matrix, bin) => sum + bins.counts[bin] * matrix[c * (channels + 1)], 0);
    return Math.sqrt(power / (height * width));
  });
  const [first] = body.graph.initializer.filter(({ name }) => name === 'decoder.0.weight');
  const inputs = channels + targets + 1;
  const scaled = floatsOf(first).map((value, i) => value / Math.max(deviation[i % inputs] ?? 1, 1e-6));
  return withGraph(body, {
    initializer: body.graph.initializer.map(tensor =>
      tensor === first ? floatTensor(first.name, first.dims.map(Number), scaled) : tensor
    ),
    input: [
      port('activation', ['N', channels, height, width]),
      port('linear', ['N', targets, height, width]),
      port('level', ['N', 1, height, width])
    ],
    output: [port('estimate', ['N', targets, height, width])]
  });
}

export interface DecoderTraining {
  statistics: Statistics;
  samples: readonly Sample[];
  /** Strengths it is trained on, each as often as the others. */
  views: readonly AttackedView[];
  steps: number;
  /** Of Adam at the start; 2e-3 if not said. */
  rate?: number;
  random: Random;
  normals: Normals;
  device: LearningDevice;
  /** Called after each step with the mean squared error. */
  seen: (loss: number) => void;
}

/**
 * Train the adaptive decoder on noisy activations, noise drawn anew for every step.
 * @param start weights to go on from; the decoder's own if not said
 */
export async function trainDecoder(decoder: OnnxModel, training: DecoderTraining, start?: Weights): Promise<Weights> {
  const { statistics, samples, views, steps, rate = RATE, random, normals, device } = training;
  const [, height, width] = statistics.field.shape;
  const trainer = await Trainer.open(decoder, squaredErrorLoss(decoder, 'estimate'), 'all', {
    device,
    learningRate: rate,
    steps
  });
  try {
    if (start) {
      trainer.load(start);
    }
    for (let step = 0; step < steps; step++) {
      const view = views[random.integer(views.length)];
      const batch = Array.from({ length: BATCH }, () => samples[random.integer(samples.length)]);
      const truth = batchOf(
        batch.map(({ target }) => target),
        [statistics.spectra.targets, height, width]
      );
      training.seen(await trainer.step({ ...(await view.see(batch, normals)), reference: truth }));
    }
    return trainer.weights();
  } finally {
    await trainer.release();
  }
}

/** How far attackers are from each of some images, and what there was to recover. */
export interface Recovery {
  linear: SquaredError[];
  decoder: SquaredError[];
  /** The decoder again, on differences between neighbouring pixels. */
  detail: SquaredError[];
}

/** The share of the images' variance that the stronger of the attackers recovers. */
export function strongestR2({ linear, decoder }: Recovery): number {
  return Math.max(pooledR2(linear), pooledR2(decoder));
}

/** A trained decoder, and the linear attacker it starts from. */
export class Attackers {
  private constructor(
    private readonly session: LearningSession,
    private readonly statistics: Statistics
  ) {}

  static async open(decoder: OnnxModel, weights: Weights, statistics: Statistics, device: LearningDevice): Promise<Attackers> {
    return new Attackers(await LearningSession.open(replaceWeights(decoder, weights), device), statistics);
  }

  /** Let them at samples that they were not trained on. */
  async recover(view: AttackedView, samples: readonly Sample[], normals: Normals): Promise<Recovery> {
    const { kept, field } = this.statistics;
    const [, height, width] = field.shape;
    const recovery: Recovery = { linear: [], decoder: [], detail: [] };
    for (const sample of samples) {
      const seen = await view.see([sample], normals);
      const decoded = inRange((await this.session.run(seen)).estimate.data);
      recovery.linear.push(squaredError(sample.target, inRange(seen.linear.data), kept.target_mean));
      recovery.decoder.push(squaredError(sample.target, decoded, kept.target_mean));
      recovery.detail.push(detailError(sample.target, decoded, kept.target_mean, { height, width }));
    }
    return recovery;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/** No pixel lies outside 0…1, as any attacker knows. */
function inRange(estimate: Float32Array): Float32Array {
  return estimate.map(value => Math.min(Math.max(value, 0), 1));
}
