import { TARGETS } from '../evaluation/targets';
import { type Obfuscation } from '../models';
import { type Sample } from '../learning/samples';
import { type LearningDevice } from '../learning/session';
import { SpectraSum } from '../learning/spectra';
import { type Statistics } from '../learning/statistics';
import { combine } from '../numerics/symmetric';

/**
 * What the attacker knows of second order: the artefact's own statistics, which it has, and those of its own images
 * together, each image counting once. The bins are the artefact's.
 */
export async function knownStatistics(
  { document, statistics: learned, bins }: Obfuscation,
  samples: readonly Sample[],
  device: LearningDevice
): Promise<Statistics> {
  const shape = document.activation_shape;
  const sum = await SpectraSum.open(shape, TARGETS, true, device, document.ring_ends);
  for (const { activation, target } of samples) {
    await sum.add(activation, target);
  }
  const own = await sum.finish();
  const means = sum.means();
  const share = samples.length / (samples.length + document.provenance.images.fit);
  const mix = (theirs: ArrayLike<number>, ours: Float32Array) => ours.map((value, i) => share * value + (1 - share) * theirs[i]);
  const pool = (part: 'aa' | 'ay' | 'yy') =>
    own[part].map((matrix, bin) => (share === 1 ? matrix : combine(share, matrix, 1 - share, learned[part][bin])));
  const [aa, ay, yy] = [pool('aa'), pool('ay'), pool('yy')];
  return {
    field: { shape, bins },
    kept: {
      activation_mean: mix(learned.activation_mean, means.a),
      activation_low: learned.activation_low,
      activation_high: learned.activation_high,
      target_mean: mix(learned.target_mean, means.y),
      aa,
      ay,
      yy
    },
    spectra: { ...own, aa, ay, yy }
  };
}
