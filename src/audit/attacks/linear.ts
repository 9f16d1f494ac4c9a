import { linearGraph } from '../../models/decoder-graph';
import { attackersFor } from '../../models/strength';
import { LearningSession } from '../../learning/session';
import { type Attack } from '../attack';
import { PerLooks } from '../per-looks';
import { spectrumOf, type Scene } from '../scene';

/**
 * A1: the best linear estimate by an attacker who sees the whole field and knows the noise, a Wiener filter per frequency.
 * An invertible linear map of the tensor, whitening or the server's filter, changes nothing about it: one input is all.
 */
export function linear(scene: Scene): Attack {
  return {
    name: 'A1',
    title: 'linear, whole field',
    inputs: ['raw'],
    quick: true,
    preparesInput: true,
    learn: async ({ alpha, statistics: { field, kept, spectra }, device }) => {
      const sessions = new PerLooks(looks => {
        const S = spectrumOf(scene, alpha, looks) ?? spectra.aa.map(matrix => new Float64Array(matrix.length));
        const { activation_mean: mean, target_mean: targetMean } = kept;
        return LearningSession.open(linearGraph({ ...field, mean, targetMean, attacker: attackersFor(kept, S) }), device);
      });
      return {
        reconstruct: async (z, looks) => {
          const session = await sessions.at(looks);
          return (await session.run({ noisy: { data: z, dims: [1, ...field.shape] } })).estimate.data;
        },
        training: null,
        close: () => sessions.release()
      };
    }
  };
}
