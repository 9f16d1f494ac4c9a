import { trace } from '../numerics/matrix';
import { combine, type Matrix } from '../numerics/symmetric';
import { attentionOf } from './attention';
import { AttackedView, trainDecoder } from './attacker';
import { type Effort } from './effort';
import { type NoiseSpectrum } from './leakage';
import { linearTargets, NoiseShaper } from './noise-shape';
import { type Pass } from './pass';
import { type Statistics } from './statistics';
import { type Weights } from '../models';
import { type OnnxModel } from '../models/onnx';

/** ALPHA by the linear attacker at which the noise is shaped against the decoder. */
const REFERENCE = 0.85;
const FLOOR = 0.02;
/** Strengths, by the linear attacker, between which others are interpolated. */
const STRENGTHS = [0.02, 0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.985, 0.993, 0.997, 0.999];
/** Beyond the strongest of them, so many times twice as much noise. */
const DOUBLINGS = 8;
/** Every direction gets at least this share of the activation's mean variance, whatever the attackers seem to be after. */
const LEAST_NOISE = 1e-4;

/** What attackers are after, from the linear one's closed form to what a trained decoder turns out to look at. */
export interface Shape {
  B: Matrix[];
  /** Of the decoder so far. */
  decoder: Weights;
}

/**
 * Learn what to protect: noise shaped against the linear attacker, a decoder trained on it, the noise shaped anew against
 * what that decoder looks at too, and so on. The last decoder is where the training of the attacker that counts begins.
 */
export async function learnShape(pass: Pass, statistics: Statistics, G: readonly Matrix[], decoder: OnnxModel): Promise<Shape> {
  const { spectra } = statistics;
  let B = ofPowerOne(linearTargets(spectra, FLOOR), statistics);
  let weights: Weights | undefined;
  for (let round = 0; round < pass.effort.rounds; round++) {
    const { S } = new NoiseShaper(spectra, G, B).shape(REFERENCE, leastNoise(statistics));
    const view = await AttackedView.open(statistics, S, pass.device);
    const training = {
      statistics,
      samples: pass.samples.fit,
      views: [view],
      steps: pass.effort.roundSteps,
      random: pass.random(`decoder ${round}`),
      normals: await pass.normals(`decoder ${round}`),
      device: pass.device,
      seen: () => pass.pace.tick()
    };
    weights = await trainDecoder(decoder, training, weights);
    const probes = pass.samples.fit.slice(0, pass.effort.roundProbes);
    const normals = await pass.normals(`attention ${round}`);
    const found = await attentionOf(decoder, weights, { statistics, S, view }, probes, normals, pass.device, () =>
      pass.pace.tick()
    );
    // What earlier attackers looked at stays protected: a new one would find it again.
    B = ofPowerOne(found, statistics).map((matrix, bin) => combine(1, matrix, 1, B[bin]));
    await view.release();
  }
  return { B, decoder: weights! };
}

/** Ticks of `learnShape`. */
export const shapeTicks = ({ rounds, roundSteps, roundProbes }: Effort): number => rounds * (roundSteps + roundProbes);

/** Noise of rising strength, each at least as large in the matrix order as the one before. */
export function ladderOf(pass: Pass, statistics: Statistics, G: readonly Matrix[], B: readonly Matrix[]): NoiseSpectrum[] {
  const shaper = new NoiseShaper(statistics.spectra, G, B);
  const ladder: NoiseSpectrum[] = [leastNoise(statistics)];
  for (const strength of STRENGTHS) {
    ladder.push(shaper.shape(strength, ladder.at(-1)).S);
    pass.pace.tick();
  }
  for (let i = 0; i < DOUBLINGS; i++) {
    ladder.push(ladder.at(-1)!.map(matrix => matrix.map(value => 2 * value)));
  }
  return ladder;
}

export const LADDER_TICKS = STRENGTHS.length;

/** The noise between two rungs of a ladder: linear, so that the order holds. @param place 0…rungs-1 */
export function rung(ladder: readonly NoiseSpectrum[], place: number): Matrix[] {
  const lower = Math.min(Math.floor(place), ladder.length - 2);
  const share = place - lower;
  return ladder[lower].map((matrix, bin) => combine(1 - share, matrix, share, ladder[lower + 1][bin]));
}

/** Scaled so that the traces of all frequencies sum to 1. */
function ofPowerOne(B: readonly Matrix[], { spectra: { channels, bins } }: Statistics): Matrix[] {
  const power = B.reduce((sum, matrix, bin) => sum + bins.counts[bin] * trace(matrix, channels), 0);
  return B.map(matrix => matrix.map(value => value / power));
}

function leastNoise({ spectra: { aa, channels, bins } }: Statistics): Matrix[] {
  const whole = bins.counts.reduce((sum, count) => sum + count);
  const power = aa.reduce((sum, matrix, bin) => sum + bins.counts[bin] * trace(matrix, channels), 0) / (whole * channels);
  return aa.map(matrix => matrix.map((_, i) => (i % (channels + 1) === 0 ? LEAST_NOISE * power : 0)));
}
