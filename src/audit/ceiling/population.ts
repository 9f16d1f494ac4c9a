import { type Obfuscation } from '../../models';
import { type Sample } from '../../learning/samples';
import { type LearningDevice } from '../../learning/session';
import { SpectraSum } from '../../learning/spectra';
import { type Statistics } from '../../learning/statistics';
import { type NoiseSpectrum } from '../../learning/leakage';

/** Made-up images and activations for which the best possible reconstruction can be computed. */
export interface Population {
  /** For people: what it is made of. */
  name: string;
  /** The artefact whose noise it meets, where that is not the audited one as it is. */
  obfuscation: Obfuscation;
  draw(count: number): Sample[];
  /** Of all its targets, [T,H,W]. */
  mean: Float32Array;
  /** The Bayes estimate E[target | z]: no attack has a smaller mean squared error. */
  best(S: NoiseSpectrum): Best;
}

/** @param z [C,H,W], an activation with noise of the spectrum that it was made for; returns [T,H,W] */
export type Best = (z: Float32Array) => Float32Array;

/** What an attacker is taken to have of a population: images of its own, and what follows from them. */
export interface Known {
  population: Population;
  own: readonly Sample[];
  statistics: Statistics;
}

/** Activation and target as a sample of the kind attacks take. */
export function sampleOf(activation: Float32Array, target: Float32Array): Sample {
  return { path: '', width: 0, height: 0, activation, answer: {}, target };
}

/** Second-order statistics of the attacker's own images, over the artefact's rings. */
export async function known(population: Population, own: readonly Sample[], device: LearningDevice): Promise<Known> {
  const { document, bins, statistics: learned } = population.obfuscation;
  const shape = document.activation_shape;
  const sum = await SpectraSum.open(shape, document.targets, true, device, document.ring_ends);
  for (const { activation, target } of own) {
    await sum.add(activation, target);
  }
  const spectra = await sum.finish();
  const { a, y } = sum.means();
  const { aa, ay, yy } = spectra;
  const kept = { ...learned, activation_mean: a, target_mean: y, aa, ay, yy };
  return { population, own, statistics: { field: { shape, bins }, kept, spectra } };
}
