import { attackersFor, filtersFor } from '../models/strength';
import { decoderFront, noiseLevel } from '../models/decoder-graph';
import { filterGraph } from '../models/server-graph';
import { type NoiseSpectrum } from './leakage';
import { noiseGraph } from './noise-graph';
import { type Normals } from './normals';
import { type Sample } from './samples';
import { LearningSession, type LearningDevice } from './session';
import { type Statistics } from './statistics';
import { batchOf, type Values } from './values';

/** Activations under noise of one strength, as others get to see them. */
export class NoisyView {
  private constructor(
    private readonly statistics: Statistics,
    /** Null: clean. */
    private readonly noise: LearningSession | null,
    private readonly level: number
  ) {}

  /** @param S spectral density of the noise; null for clean activations */
  static async open(statistics: Statistics, S: NoiseSpectrum | null, device: LearningDevice): Promise<NoisyView> {
    const { field, spectra } = statistics;
    const noise = S && (await LearningSession.open(noiseGraph(field, S), device));
    return new NoisyView(statistics, noise, noiseLevel(spectra.aa, S ?? [], spectra.bins.counts));
  }

  /** [N,C,H,W] with fresh noise. */
  async see(samples: readonly Sample[], normals: Normals): Promise<Values> {
    const clean = batchOf(
      samples.map(({ activation }) => activation),
      this.statistics.field.shape
    );
    if (!this.noise) {
      return clean;
    }
    const white = { data: normals.take(clean.data.length), dims: clean.dims };
    return (await this.noise.run({ activation: clean, white })).noisy;
  }

  /** What tells an attacker how strong the noise is: one plane a sample. */
  levels(count: number): Values {
    const [, height, width] = this.statistics.field.shape;
    return { data: new Float32Array(count * height * width).fill(this.level), dims: [count, 1, height, width] };
  }

  async release(): Promise<void> {
    await this.noise?.release();
  }
}

/** The closed-form part of an attack: filtered activation and linear estimate. */
export function openFront({ field, kept }: Statistics, S: NoiseSpectrum, device: LearningDevice): Promise<LearningSession> {
  const parts = {
    ...field,
    mean: kept.activation_mean,
    targetMean: kept.target_mean,
    filter: filtersFor(kept, S),
    attacker: attackersFor(kept, S)
  };
  return LearningSession.open(decoderFront(parts), device);
}

/** The server's filter, from `noisy` to `activation`. */
export function openFilter({ field, kept }: Statistics, S: NoiseSpectrum, device: LearningDevice): Promise<LearningSession> {
  return LearningSession.open(filterGraph({ ...field, mean: kept.activation_mean, matrices: filtersFor(kept, S) }), device);
}
