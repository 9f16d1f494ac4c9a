import { VeilError, type PictureKind, type RunOptions } from '../protocol';
import { interimMeaning, interimRef, type LoadedModel, type InterimObfuscation } from '../models';
import type { NoiseOutcome } from './compute';
import { insecureSeededRandom, requireAlpha, requireObfuscation, secureRandom, type RandomBytes } from './noise';

/** Everything a noisy run needs, checked before anything runs. */
export interface NoisePlan {
  obfuscation: InterimObfuscation;
  alpha: number;
  random: RandomBytes;
  /** What results say about this noise. */
  said: Pick<NoiseOutcome, 'artefact' | 'notices' | 'private'>;
}

/**
 * Check the request against the model: a clean run takes no ALPHA, a noisy one an artefact and an ALPHA within its range.
 * @returns null for a clean run
 * @throws VeilError `bad_request`, `artefact_missing`, `bad_alpha`
 */
export function planRun(
  model: LoadedModel,
  { mode, alpha, insecure_seed }: Pick<RunOptions, 'mode' | 'alpha' | 'insecure_seed'>,
  pictures: readonly PictureKind[]
): NoisePlan | null {
  if (pictures.includes('reconstruction')) {
    requireObfuscation(model);
  }
  if (mode === 'noisy') {
    return planNoise(model, alpha, insecure_seed);
  }
  if (mode !== 'clean') {
    throw new VeilError(
      'bad_request',
      `Mode ${String(mode)} is neither clean nor noisy. Nothing was run.`,
      'Say clean or noisy.'
    );
  }
  const foreign = alpha !== undefined ? 'an ALPHA' : insecure_seed !== undefined ? 'a noise seed' : undefined;
  if (foreign) {
    throw new VeilError(
      'bad_request',
      `A clean run takes no noise, and ${foreign} was given. Nothing was run.`,
      'Say noisy, or leave it out.'
    );
  }
  return null;
}

/** @throws VeilError `artefact_missing`, `bad_alpha` */
export function planNoise(model: LoadedModel, alpha: number | undefined, seed: number | undefined): NoisePlan {
  const obfuscation = requireObfuscation(model);
  const strength = requireAlpha(alpha, obfuscation);
  const notices = [interimMeaning(obfuscation, strength)];
  if (seed !== undefined) {
    notices.push(`The noise comes from seed ${seed} and can be subtracted by anyone who knows it: this result is not private.`);
  }
  return {
    obfuscation,
    alpha: strength,
    random: seed === undefined ? secureRandom : insecureSeededRandom(seed),
    said: { artefact: interimRef(obfuscation), notices, private: seed === undefined }
  };
}
