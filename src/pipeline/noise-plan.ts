import { VeilError, type PictureKind, type RunOptions } from '../protocol';
import { artefactRef, meaningOfAlpha, type LoadedModel } from '../models';
import type { NoiseOutcome } from './compute';
import { insecureSeededEpsilon, prfEpsilon, type EpsilonSource } from './epsilon';
import { requireAlpha, requireObfuscation } from './noise';
import { PAINTERS } from './painters';

/** Everything a noisy run needs, checked before anything runs. */
export interface NoisePlan {
  alpha: number;
  epsilon: EpsilonSource;
  /** What results say about this noise. */
  said: Pick<NoiseOutcome, 'artefact' | 'notices' | 'private'>;
}

/**
 * Check the request against the model: a clean run takes no ALPHA, a noisy one an artefact and an ALPHA within its range.
 * @param key of the noise, 32 bytes: `prfEpsilon`
 * @returns null for a clean run
 * @throws VeilError `bad_request`, `artefact_missing`, `bad_alpha`
 */
export function planRun(
  model: LoadedModel,
  { mode, alpha, insecure_seed }: Pick<RunOptions, 'mode' | 'alpha' | 'insecure_seed'>,
  pictures: readonly PictureKind[],
  key: Uint8Array
): NoisePlan | null {
  if (pictures.some(kind => kind in PAINTERS)) {
    requireObfuscation(model);
  }
  if (mode === 'noisy') {
    return planNoise(model, alpha, insecure_seed, key);
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
export function planNoise(model: LoadedModel, wanted: number | undefined, seed: number | undefined, key: Uint8Array): NoisePlan {
  const obfuscation = requireObfuscation(model);
  const alpha = requireAlpha(wanted, obfuscation);
  // Two strengths of one picture must not share an epsilon: their difference would be noiseless.
  const epsilon = seed === undefined ? prfEpsilon(key, `${obfuscation.sha256} ${alpha}`) : insecureSeededEpsilon(seed);
  const notices = [meaningOfAlpha(obfuscation, alpha)];
  if (seed !== undefined) {
    notices.push(`The noise comes from seed ${seed} and can be subtracted by anyone who knows it: this result is not private.`);
  }
  return { alpha, epsilon, said: { artefact: artefactRef(obfuscation, alpha), notices, private: epsilon.private } };
}
