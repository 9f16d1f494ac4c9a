import { VeilError } from '../protocol';
import { noiseFieldAt, type LoadedModel, type Obfuscation } from '../models';
import type { CleanActivation, ObfuscatedActivation } from './activation';
import type { EpsilonSource } from './epsilon';
import { FieldNoise, fieldSizes, type FieldRegion, type NoiseField } from './field-noise';
import type { Arena } from './kernels';
import { Recent } from './recent';

/**
 * The artefact that noisy runs of this model use.
 * @throws VeilError `artefact_missing`
 */
export function requireObfuscation({ manifest, obfuscation }: LoadedModel): Obfuscation {
  if (!obfuscation) {
    throw new VeilError(
      'artefact_missing',
      `Model ${manifest.name} has no learned obfuscation. Nothing was run, nothing was sent.`,
      'Use a model that has one, make one by veilbook learn, or run clean.'
    );
  }
  return obfuscation;
}

/**
 * The strength to use.
 * @throws VeilError `bad_alpha` when it is missing or outside the artefact's knots
 */
export function requireAlpha(alpha: number | undefined, { document: { knots } }: Obfuscation): number {
  const [first, last] = [knots[0].alpha, knots[knots.length - 1].alpha];
  if (alpha === undefined) {
    throw new VeilError(
      'bad_alpha',
      'A noisy run needs an ALPHA and none was given. Nothing was run.',
      `Give a value in ${first} … ${last}.`
    );
  }
  if (!(alpha >= first && alpha <= last)) {
    throw new VeilError(
      'bad_alpha',
      `ALPHA ${alpha} is outside this artefact's ${first} … ${last}. Nothing was run.`,
      'Use a value inside.'
    );
  }
  return alpha;
}

/** Bytes that `Noise` needs of an arena. */
export function noiseSizes({ document, counts }: Obfuscation): Record<FieldRegion, number> {
  return fieldSizes(document.activation_shape, counts.length);
}

/** Strengths whose factors are kept: 0.6 MB each, and about as much once they were drawn from. */
const REMEMBERED = 8;

/** The noise of one artefact at whatever strength is asked for. */
export class Noise {
  private readonly fields: Recent<number, NoiseField>;
  private drawn: { alpha: number; noise: FieldNoise } | undefined;

  /** @param arena made for `noiseSizes` */
  constructor(
    obfuscation: Obfuscation,
    private readonly arena: Arena<FieldRegion>
  ) {
    this.fields = new Recent(REMEMBERED, alpha => noiseFieldAt(obfuscation, alpha));
  }

  /**
   * @param clean must lie in the arena's region `activation`
   * @returns z, in the arena's region `obfuscated`: valid until the next call
   * @throws VeilError `bad_alpha`, `bad_tensor`, `artefact_mismatch`, `internal` without randomness
   */
  async obfuscate(clean: CleanActivation, alpha: number, epsilon: EpsilonSource): Promise<ObfuscatedActivation> {
    return (await this.at(alpha)).obfuscate(clean, epsilon);
  }

  /** Make the noise of this strength ready, which takes longer than drawing it. */
  async prepare(alpha: number): Promise<void> {
    await this.at(alpha);
  }

  /** Keep the factors of so many strengths at least: for whoever goes through them again and again. */
  keep(strengths: number): void {
    this.fields.keep(strengths);
  }

  private async at(alpha: number): Promise<FieldNoise> {
    if (this.drawn?.alpha !== alpha) {
      const field = await this.fields.get(alpha);
      const known = this.drawn?.noise;
      // What fails on the way must not leave one strength under the name of another.
      this.drawn = undefined;
      known?.setField(field);
      this.drawn = { alpha, noise: known ?? new FieldNoise(this.arena, field) };
    }
    return this.drawn.noise;
  }
}
