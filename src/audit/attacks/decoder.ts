import { type Weights } from '../../models';
import { decoderBody, noiseLevel } from '../../models/decoder-graph';
import { type OnnxModel } from '../../models/onnx';
import { port, withGraph } from '../../models/onnx/build';
import { replaceWeights } from '../../models/onnx/replace-weights';
import { type NoiseSpectrum } from '../../learning/leakage';
import { NoisyView } from '../../learning/noisy-view';
import { type Sample } from '../../learning/samples';
import { LearningSession } from '../../learning/session';
import { squaredError } from '../../learning/training/losses';
import { Trainer } from '../../learning/training/trainer';
import { batchOf, type Values } from '../../learning/values';
import { type AttackInput, type AttackResult } from '../../protocol';
import { inRange } from '../metrics';
import { inputMatrices, openInput, scaledMatrices } from '../inputs';
import { decoderWeights, spectrumOf, type Scene } from '../scene';

const BATCH = 8;
const RATE = 2e-3;
/** Of the attacker's own images so many, at most a fifth, choose between the decoder before and after training. */
const CHOOSING = 32;
/** Points of the loss curve in the report. */
const POINTS = 20;

/** A decoder for one strength and input. */
export interface Decoder {
  weights: Weights;
  training: AttackResult['training'];
}

/**
 * The artefact's decoder trained on, for one ALPHA alone, with fresh noise at every step. It has seen every strength on its
 * way there, and so gets further than one that begins with nothing. For another input than the filtered one the columns
 * of the first layer that look at it begin with 0: then it is what the decoder makes of the linear estimate alone.
 * Kept with the audit's finished parts: other attacks build on it.
 * @param tick is called after each step
 */
export async function decoderFor(scene: Scene, alpha: number | null, input: AttackInput, tick: (share: number) => void) {
  const steps = scene.sizes.decoderSteps[input];
  return scene.finished.keep({ decoder: { alpha, input, steps } }, async (): Promise<Decoder> => {
    const start = withoutInput(await decoderWeights(scene, spectrumOf(scene, alpha)), input, scene);
    return steps === 0 ? { weights: start, training: null } : trained(scene, alpha, input, start, steps, tick);
  });
}

async function trained(
  scene: Scene,
  alpha: number | null,
  input: AttackInput,
  start: Weights,
  steps: number,
  tick: (share: number) => void
): Promise<Decoder> {
  const { statistics, device, own, sizes } = scene;
  const purpose = `decoder ${alpha} ${input}`;
  const [random, normals] = [scene.random(purpose), await scene.normals(purpose)];
  const aside = Math.min(CHOOSING, Math.floor(own.length / 5));
  const [choosing, learning] = [own.slice(0, aside), own.slice(aside)];
  const S = spectrumOf(scene, alpha);
  const view = await NoisyView.open(statistics, S, device);
  const front = await openDecoderInput(scene, S, input);
  const network = decoderNetwork(scene, start);
  const options = { device, learningRate: RATE, steps };
  const trainer = await Trainer.open(network, squaredError(network, 'estimate'), 'all', options);
  const losses: number[] = [];
  try {
    trainer.load(start);
    const [, height, width] = statistics.field.shape;
    for (let step = 0; step < steps; step++) {
      const batch = Array.from({ length: BATCH }, () => learning[random.integer(learning.length)]);
      const reference = batchOf(
        batch.map(({ target }) => target),
        [statistics.spectra.targets, height, width]
      );
      const { activation, linear } = await front.run({ noisy: await view.see(batch, normals) });
      losses.push(await trainer.step({ activation, linear, level: view.levels(BATCH), reference }));
      tick((step + 1) / steps);
    }
    const further = trainer.weights();
    const errors: number[] = [];
    for (const weights of [start, further]) {
      errors.push(await errorOf(scene, weights, front, view, choosing, await scene.normals(`${purpose} choose`)));
    }
    const { curve, improving } = summary(losses);
    const training = { images: learning.length, steps: sizes.decoderSteps[input], seed: scene.seed, loss: curve, improving };
    return { weights: errors[1] <= errors[0] ? further : start, training };
  } finally {
    await Promise.all([trainer.release(), view.release(), front.release()]);
  }
}

async function errorOf(
  scene: Scene,
  weights: Weights,
  front: LearningSession,
  view: NoisyView,
  samples: readonly Sample[],
  normals: Parameters<NoisyView['see']>[1]
): Promise<number> {
  const session = await LearningSession.open(decoderNetwork(scene, weights), scene.device);
  let sum = 0;
  for (const sample of samples) {
    const { activation, linear } = await front.run({ noisy: await view.see([sample], normals) });
    const { estimate } = await session.run({ activation, linear, level: view.levels(1) });
    inRange(estimate.data).forEach((value, i) => (sum += (value - sample.target[i]) ** 2));
  }
  await session.release();
  return sum;
}

/** A decoder at work on tensors of one strength. */
export class OpenDecoder {
  private constructor(
    private readonly front: LearningSession,
    private readonly network: LearningSession,
    private readonly level: Values,
    private readonly shape: readonly number[]
  ) {}

  /** @param S of the noise in what it will be shown */
  static async open(scene: Scene, weights: Weights, S: NoiseSpectrum | null, input: AttackInput): Promise<OpenDecoder> {
    const { shape } = scene.statistics.field;
    const { aa, bins } = scene.statistics.spectra;
    const [, height, width] = shape;
    const level = new Float32Array(height * width).fill(noiseLevel(aa, [...(S ?? [])], bins.counts));
    return new OpenDecoder(
      await openDecoderInput(scene, S, input),
      await LearningSession.open(decoderNetwork(scene, weights), scene.device),
      { data: level, dims: [1, 1, height, width] },
      shape
    );
  }

  /** @param z as it left */
  async estimate(z: Float32Array): Promise<Float32Array> {
    const { activation, linear } = await this.front.run({ noisy: { data: z, dims: [1, ...this.shape] } });
    return (await this.network.run({ activation, linear, level: this.level })).estimate.data;
  }

  async release(): Promise<void> {
    await Promise.all([this.front.release(), this.network.release()]);
  }
}

function openDecoderInput({ statistics, obfuscation: { step }, device }: Scene, S: NoiseSpectrum | null, input: AttackInput) {
  const filter = input === 'denoised' ? inputMatrices(statistics, S, input, step) : scaledMatrices(statistics, S, input, step);
  return openInput(statistics, S, filter, device);
}

/** The artefact's decoder with inputs of fixed size, which gradients need. */
function decoderNetwork({ statistics: { field, spectra } }: Scene, weights: Weights): OnnxModel {
  const [channels, height, width] = field.shape;
  const [hidden] = weights['decoder.0.weight'].shape;
  const body = decoderBody(channels, spectra.targets, hidden, () => 0.5);
  return replaceWeights(
    withGraph(body, {
      input: [
        port('activation', ['N', channels, height, width]),
        port('linear', ['N', spectra.targets, height, width]),
        port('level', ['N', 1, height, width])
      ],
      output: [port('estimate', ['N', spectra.targets, height, width])]
    }),
    weights
  );
}

function withoutInput(weights: Weights, input: AttackInput, { statistics: { field } }: Scene): Weights {
  if (input === 'denoised') {
    return weights;
  }
  const { data, shape } = weights['decoder.0.weight'];
  const [channels] = field.shape;
  return {
    ...weights,
    'decoder.0.weight': { shape, data: data.map((value, i) => (i % shape[1] < channels ? 0 : value)) }
  };
}

/** The loss in steps, and whether its last fifth lies below the fifth before by more than two standard errors. */
function summary(losses: readonly number[]): { curve: [number, number][]; improving: boolean } {
  const every = Math.ceil(losses.length / POINTS);
  const curve: [number, number][] = [];
  for (let at = 0; at < losses.length; at += every) {
    const part = losses.slice(at, at + every);
    curve.push([at + part.length, mean(part)]);
  }
  const fifth = Math.floor(losses.length / 5);
  const [before, last] = [losses.slice(-2 * fifth, -fifth), losses.slice(losses.length - fifth)];
  const spread = (part: readonly number[]) => mean(part.map(value => (value - mean(part)) ** 2)) / part.length;
  return { curve, improving: fifth > 1 && mean(before) - mean(last) > 2 * Math.sqrt(spread(before) + spread(last)) };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
