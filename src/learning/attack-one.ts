import { availableParallelism } from 'node:os';
import { loadModel, readDecoderWeights, type Weights } from '../models';
import { nearestKnot, noiseSpectrumAt } from '../models/strength';
import { requireObfuscation } from '../pipeline/noise';
import { type MeasuredLeakage } from '../protocol';
import { AttackedView, Attackers, freshDecoder, trainDecoder } from './attacker';
import { leakageOf } from './calibration';
import { normalsOf, randomOf } from './pass';
import { readQuestion } from './question';
import { Sampler, type Sample } from './samples';
import { statisticsOf } from './statistics';

export { VeilError } from '../protocol';

export interface OneAttack {
  alpha: number;
  /** Of the decoder that came with the artefact, and of the same after so many steps on this strength alone. */
  shipped: MeasuredLeakage;
  trained: MeasuredLeakage;
}

/**
 * What the artefact's decoder recovers at one ALPHA when it is trained on for that ALPHA alone: the check of a calibration
 * by an attacker who works longer than it did. Photographs are dealt out as by `learn` with the artefact's seed.
 * @throws VeilError `artefact_missing`, `bad_alpha`, and as `learn` for model and photographs
 */
export async function attackOne(dir: string, images: string, alpha: number, steps: number): Promise<OneAttack> {
  const model = await loadModel(dir);
  const obfuscation = requireObfuscation(model);
  const { seed } = obfuscation.document.provenance;
  const { photographs } = await readQuestion({ model: model.dir, images, out: '.', seed });
  const device = { providers: ['cpu' as const], threads: Math.min(availableParallelism(), 8) };
  const sampler = await Sampler.open(model, device);
  const take = async (paths: readonly string[]) => {
    const samples: Sample[] = [];
    for (const path of paths) {
      samples.push(await sampler.sample(path));
    }
    return samples;
  };
  const [fit, held] = [await take(photographs.fit), await take(photographs.held_out)];
  const statistics = await statisticsOf(fit, obfuscation.document.activation_shape, device, () => undefined);
  const random = randomOf(seed)('attack one');
  const decoder = freshDecoder(statistics, random);
  const view = await AttackedView.open(statistics, noiseSpectrumAt(obfuscation, alpha), device);
  const judge = async (weights: Weights): Promise<MeasuredLeakage> => {
    const attackers = await Attackers.open(decoder, weights, statistics, device);
    return leakageOf(await attackers.recover(view, held, await normalsOf(seed)('judge')));
  };
  const start = await readDecoderWeights(obfuscation, nearestKnot(obfuscation, alpha));
  const normals = await normalsOf(seed)('attack one');
  const training = { statistics, samples: fit, views: [view], steps, random, normals, device, seen: () => undefined };
  return { alpha, shipped: await judge(start), trained: await judge(await trainDecoder(decoder, training, start)) };
}
