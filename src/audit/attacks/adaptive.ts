import { type Attack } from '../attack';
import { PerLooks } from '../per-looks';
import { decoderWeights, spectrumOf, type Scene } from '../scene';
import { decoderFor, OpenDecoder } from './decoder';

/**
 * A2: a convolutional decoder that knows the noise, trained for each ALPHA and input alone; in a quick audit the artefact's
 * as it is. The mean of several looks is for the artefact's decoder that was trained at noise of such power.
 */
export function adaptive(scene: Scene): Attack {
  return {
    name: 'A2',
    title: 'adaptive decoder',
    inputs: ['raw', 'whitened', 'denoised'],
    quick: true,
    preparesInput: true,
    learn: async ({ alpha, progress }, _, input) => {
      const { weights, training } = await decoderFor(scene, alpha, input, progress);
      const decoders = new PerLooks(async looks => {
        const S = spectrumOf(scene, alpha, looks);
        return looks === 1
          ? OpenDecoder.open(scene, weights, S, input)
          : OpenDecoder.open(scene, await decoderWeights(scene, S), S, 'denoised');
      });
      return {
        reconstruct: async (z, looks) => (await decoders.at(looks)).estimate(z),
        training,
        close: () => decoders.release()
      };
    }
  };
}

/**
 * The naive viewer: a decoder for clean activations that takes the noisy one for clean. It shows what somebody sees who
 * does not know of the noise, and is evidence of nothing.
 */
export function naive(scene: Scene): Attack {
  return {
    name: 'naive',
    title: 'naive viewer (illustration)',
    inputs: ['raw'],
    quick: true,
    preparesInput: true,
    illustration: true,
    learn: async ({ progress }) => {
      const { weights, training } = await decoderFor(scene, null, 'denoised', progress);
      const decoder = await OpenDecoder.open(scene, weights, null, 'denoised');
      return { reconstruct: z => decoder.estimate(z), training, close: () => decoder.release() };
    }
  };
}

/** Numbers of looks at one source for the table. */
const LOOKS = [1, 4, 16, 64];

/** A4: an attack on the mean of several tensors of the same image, each from another life of the sender. */
export function averaging(attack: Attack, { sizes }: Scene): Attack {
  return {
    ...attack,
    name: `A4-${attack.name}`,
    title: `averaging, then ${attack.title}`,
    inputs: attack.inputs.slice(-1),
    looks: LOOKS,
    most: sizes.averaged
  };
}
