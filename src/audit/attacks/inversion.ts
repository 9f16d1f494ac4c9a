import { assemble, disassemble, type Field } from '../../evaluation';
import { gradientOf, type GradientGraph } from '../../learning/adjoint';
import { type NoiseSpectrum } from '../../learning/leakage';
import { LearningSession } from '../../learning/session';
import { Adam, normOf } from '../../learning/training/adam';
import { squaredError } from '../../learning/training/losses';
import { combine, eigenSymmetric, spectralMap } from '../../numerics/symmetric';
import { type Attack } from '../attack';
import { noiseAndRounding } from '../inputs';
import { inRange } from '../metrics';
import { spectrumOf, type Scene } from '../scene';
import { decoderFor, OpenDecoder } from './decoder';
import { headAndWhitening, interleaved, planar, unexplainedBy, whiteningAlone } from './inversion-graph';

const RATE = 5e-3;
/** Total variation against half the whitened squared residual: differences of 1/50 are usual. */
const VARIATION = 50;
const SMOOTH = 1e-3;
/** Own images that say after how many steps to stop. */
const STOPPING = 3;
/** The descent is looked at after each of so many parts. */
const PARTS = 3;

/**
 * A3: the picture whose activation, sent through the head, is nearest to the tensor in the metric of the noise, less its
 * total variation; found by descent from the adaptive decoder's estimate (Mahendran and Vedaldi 2015, arXiv:1412.0035). The
 * picture has the resolution of the estimates; what finer detail does to the activation counts as noise, measured on the
 * attacker's own images. They also say after how many steps to stop, so that it is no worse than where it starts.
 */
export function inversion(scene: Scene): Attack {
  return {
    name: 'A3',
    title: 'inversion of the head',
    inputs: ['raw'],
    quick: false,
    preparesInput: true,
    most: scene.sizes.inverted,
    learn: async ({ alpha, signal, progress }, pairs) => {
      const S = spectrumOf(scene, alpha);
      const { weights } = await decoderFor(scene, alpha, 'denoised', () => undefined);
      const decoder = await OpenDecoder.open(scene, weights, S, 'denoised');
      const descent = await Descent.open(scene, S);
      const steps = scene.sizes.inversionSteps;
      const errors = new Array<number>(PARTS + 1).fill(0);
      const tried = scene.own.slice(0, STOPPING);
      for (const [i, { z, target }] of (await pairs.draw(tried, 'raw')).entries()) {
        const path = await descent.run(z, await decoder.estimate(z), steps, signal);
        path.forEach((estimate, part) => (errors[part] += meanSquare(inRange(estimate), target) / tried.length));
        progress((0.5 * (i + 1)) / tried.length);
      }
      const parts = errors.indexOf(Math.min(...errors));
      return {
        reconstruct: async z => {
          const start = await decoder.estimate(z);
          return parts === 0 ? start : (await descent.run(z, start, steps, signal, parts)).at(-1)!;
        },
        training: {
          images: tried.length,
          steps: Math.round((steps * parts) / PARTS),
          seed: scene.seed,
          loss: errors.map((error, part): [number, number] => [Math.round((steps * part) / PARTS), error]),
          improving: parts === PARTS
        },
        close: async () => {
          await Promise.all([decoder.release(), descent.release()]);
        }
      };
    }
  };
}

/** Descends from a picture to one whose activation is nearer to a tensor. */
class Descent {
  private constructor(
    private readonly graph: GradientGraph,
    private readonly session: LearningSession,
    private readonly whitening: LearningSession,
    private readonly cells: Field,
    private readonly shape: readonly number[]
  ) {}

  static async open(scene: Scene, S: NoiseSpectrum | null): Promise<Descent> {
    const { device, statistics, obfuscation } = scene;
    const { channels } = statistics.spectra;
    const unexplained = await scene.finished.keep('unexplained', () => unexplainedBy(scene));
    const W = noiseAndRounding(statistics, S, obfuscation.step).map((noise, bin) =>
      spectralMap(eigenSymmetric(combine(1, noise, 1, unexplained[bin]), channels), value => 1 / Math.sqrt(value))
    );
    const network = await headAndWhitening(scene, W);
    const graph = await gradientOf(network, { loss: squaredError(network, 'whitened'), by: ['picture'] });
    const [, height, width] = statistics.field.shape;
    return new Descent(
      graph,
      await LearningSession.open(graph.model, device),
      await LearningSession.open(whiteningAlone(scene, W), device),
      { height, width },
      statistics.field.shape
    );
  }

  /** @returns estimates at the start and after each of the first `parts` parts of the steps */
  async run(z: Float32Array, start: Float32Array, steps: number, signal: AbortSignal, parts = PARTS): Promise<Float32Array[]> {
    const reference = (await this.whitening.run({ activation: { data: z, dims: [1, ...this.shape] } })).whitened;
    const picture = planar(assemble(inRange(start), this.cells));
    const dims = [1, 3, 4 * this.cells.height, 4 * this.cells.width];
    const adam = new Adam([picture.length], { learningRate: RATE, steps });
    const path = [start];
    for (let step = 1; path.length <= parts; step++) {
      signal.throwIfAborted();
      const results = await this.session.run({ picture: { data: picture, dims }, reference });
      const slope = results[this.graph.gradients.picture].data.slice();
      // The loss is the mean, the likelihood half the sum.
      slope.forEach((value, i) => (slope[i] = (value * reference.data.length) / 2));
      addVariation(slope, picture, dims[2], dims[3]);
      adam.step([picture], [slope], normOf([slope]));
      picture.forEach((value, i) => (picture[i] = Math.min(Math.max(value, 0), 1)));
      if (step >= (steps * path.length) / PARTS) {
        path.push(disassemble(interleaved(picture, dims[3], dims[2])));
      }
    }
    return path;
  }

  async release(): Promise<void> {
    await Promise.all([this.session.release(), this.whitening.release()]);
  }
}

/** The slope of total variation over a picture of three planes, smooth where neighbours are alike. */
function addVariation(slope: Float32Array, picture: Float32Array, height: number, width: number): void {
  const pull = (i: number, j: number) => {
    const off = picture[j] - picture[i];
    const force = (VARIATION * off) / Math.sqrt(off * off + SMOOTH * SMOOTH);
    slope[j] += force;
    slope[i] -= force;
  };
  for (let i = 0; i < picture.length; i++) {
    if ((i + 1) % width !== 0) {
      pull(i, i + 1);
    }
    if (Math.floor(i / width) % height !== height - 1) {
      pull(i, i + width);
    }
  }
}

function meanSquare(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length;
}
