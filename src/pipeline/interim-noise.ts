import { createCipheriv, createHash, randomFillSync } from 'node:crypto';
import { VeilError } from '../protocol';
import type { LoadedModel, InterimObfuscation } from '../models';
import type { CleanActivation, ObfuscatedActivation } from './activation';
import type { Arena } from './kernels';

export type InterimRegion = 'activation' | 'randomness' | 'obfuscated';

/** Bytes that `obfuscateInterim` needs of an arena for activations of this shape. */
export function interimSizes(shape: readonly number[]): Record<InterimRegion, number> {
  const bytes = 4 * shape.reduce((product, n) => product * n, 1);
  return { activation: bytes, randomness: Math.ceil(bytes / 32) * 32, obfuscated: bytes };
}

/** Fills its argument with random bytes. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => void;

/** The operating system's generator: the only one that makes a private result. */
export const secureRandom: RandomBytes = bytes => {
  randomFillSync(bytes);
};

/**
 * For repeatable tests only: anyone who knows the seed subtracts the noise. AES-256-CTR under the seed's hash.
 * @param seed a whole number from 0
 */
export function insecureSeededRandom(seed: number): RandomBytes {
  const key = createHash('sha256').update(`veilbook insecure seed ${seed}`).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return bytes => {
    bytes.set(stream.update(Buffer.alloc(bytes.length)));
  };
}

/**
 * The artefact that noisy runs of this model use.
 * @throws VeilError `artefact_missing`
 */
export function requireInterim({ manifest, interim }: LoadedModel): InterimObfuscation {
  if (!interim) {
    throw new VeilError(
      'artefact_missing',
      `Model ${manifest.name} has no obfuscation artefact. Nothing was run, nothing was sent.`,
      'Use a model that has one (the bundled faceboxes), or run clean.'
    );
  }
  return interim;
}

/**
 * The strength to use.
 * @throws VeilError `bad_alpha` when it is missing or outside the artefact's range
 */
export function requireInterimAlpha(alpha: number | undefined, { description }: InterimObfuscation): number {
  const range = `${description.alpha_min} … ${description.alpha_max}`;
  if (alpha === undefined) {
    throw new VeilError(
      'bad_alpha',
      'A noisy run needs an ALPHA and none was given. Nothing was run.',
      `Give a value in ${range}.`
    );
  }
  if (!(alpha >= description.alpha_min && alpha <= description.alpha_max)) {
    throw new VeilError(
      'bad_alpha',
      `ALPHA ${alpha} is outside this artefact's ${range}. Nothing was run.`,
      'Use a value inside.'
    );
  }
  return alpha;
}

/**
 * z = quantise(clamp(a)) + quantise(ALPHA * deviation * epsilon), channel by channel, epsilon ~ N(0,1) fresh for every
 * call and wiped after it. Activation and noise are rounded to one grid of step 2^k before they are added, so that z is
 * exact in float32 and its low bits carry nothing of either (Mironov 2012; Haney et al., arXiv:2207.13793).
 *
 * @param activation must lie in the arena's region `activation`
 * @param alpha checked by `requireInterimAlpha`
 * @returns z, in the arena's region `obfuscated`: valid until the next call
 * @throws VeilError `bad_tensor` when the activation holds a value that is not a number, `internal` without randomness
 */
export function obfuscateInterim(
  activation: CleanActivation,
  obfuscation: InterimObfuscation,
  alpha: number,
  arena: Arena<InterimRegion>,
  random: RandomBytes
): ObfuscatedActivation {
  requireInterimAlpha(alpha, obfuscation);
  const { kernels, regions } = arena;
  const { description, arrays, step } = obfuscation;
  const randomness = regions.randomness.uint8();
  const out = regions.obfuscated.float32();
  let broken = 0;
  try {
    random(randomness);
    requireRandomness(randomness);
    kernels.gaussian(regions.randomness.at, regions.randomness.bytes);
    const channels = description.activation_shape[0];
    const bytes = regions.activation.bytes / channels;
    for (let c = 0; c < channels; c++) {
      const [mean, deviation] = [arrays.channel_mean[c], arrays.channel_deviation[c]];
      const reach = description.clamp_deviations * deviation;
      broken |= kernels.addNoise(
        regions.activation.at + c * bytes,
        regions.randomness.at + c * bytes,
        regions.obfuscated.at + c * bytes,
        bytes,
        mean - reach,
        mean + reach,
        step,
        (alpha * deviation) / step
      );
    }
  } catch (error) {
    out.fill(0);
    throw error;
  } finally {
    // Whoever holds epsilon can subtract it from z.
    randomness.fill(0);
  }
  if (broken) {
    out.fill(0);
    throw new VeilError(
      'bad_tensor',
      'The activation holds a value that is not a number. Nothing was sent.',
      'Check the frame and the model with a clean run.'
    );
  }
  return { data: out, shape: activation.shape } as ObfuscatedActivation;
}

/** A generator that left the end or the start of the wiped buffer as it was must not pass for noise. */
function requireRandomness(bytes: Uint8Array): void {
  if ([bytes.subarray(0, 32), bytes.subarray(-32)].some(part => part.every(byte => byte === 0))) {
    throw new VeilError(
      'internal',
      'The random generator gave no bytes. Nothing was run, nothing was sent.',
      'Check the operating system: without randomness there is no noise.'
    );
  }
}
