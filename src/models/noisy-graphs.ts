import { join } from 'node:path';
import { type Attacker, type ServerPart } from '../protocol';
import { decoderGraph, linearGraph, noiseLevel } from './decoder-graph';
import { type LoadedModel } from './folder';
import { readDecoderWeights, readServerWeights, type Obfuscation } from './obfuscation';
import { readOnnxFile, type OnnxModel } from './onnx';
import { serverGraph, serverWeights } from './server-graph';
import { attackersFor, filtersFor, nearestKnot, noiseSpectrumAt, noNoise } from './strength';

/** A model that has an obfuscation. */
export type NoisyModel = Pick<LoadedModel, 'dir' | 'manifest'> & { obfuscation: Obfuscation };

/**
 * What the server runs at this ALPHA instead of the tail: the filter of exactly this strength, then denoiser and tail of
 * the nearest knot. Ports are the tail's.
 * @throws VeilError `bad_alpha`, `model_missing`, `model_mismatch`, `artefact_missing`, `artefact_mismatch`
 */
export async function serverGraphAt({ dir, manifest, obfuscation }: NoisyModel, alpha: number): Promise<OnnxModel> {
  const { document, statistics, bins } = obfuscation;
  const filter = {
    shape: document.activation_shape,
    bins,
    mean: statistics.activation_mean,
    matrices: filtersFor(statistics, noiseSpectrumAt(obfuscation, alpha))
  };
  const weights = await readServerWeights(obfuscation, nearestKnot(obfuscation, alpha));
  return serverGraph(await readOnnxFile(join(dir, manifest.tail.file)), { filter, ...(weights && serverWeights(weights)) });
}

/** What `serverGraphAt` is made of. */
export function serverPartsAt(obfuscation: Obfuscation, alpha: number): ServerPart[] {
  return obfuscation.document.knots[nearestKnot(obfuscation, alpha)].server;
}

/**
 * From `noisy` [N,C,H,W] to `estimate` [N,T,H,W] in 0…1.
 * @param alpha of the noise in the activation; null for a clean one
 * @throws VeilError as `serverGraphAt`
 */
export async function attackerGraphAt(obfuscation: Obfuscation, attacker: Attacker, alpha: number | null): Promise<OnnxModel> {
  const { document, statistics, bins, counts } = obfuscation;
  const noise = alpha === null || attacker === 'naive viewer' ? noNoise(statistics) : noiseSpectrumAt(obfuscation, alpha);
  const parts = {
    shape: document.activation_shape,
    bins,
    mean: statistics.activation_mean,
    targetMean: statistics.target_mean,
    attacker: attackersFor(statistics, noise)
  };
  if (attacker !== 'adaptive decoder') {
    return linearGraph(parts);
  }
  const level = noiseLevel(statistics.aa, noise, counts);
  const knot = alpha === null ? null : nearestKnot(obfuscation, alpha);
  return decoderGraph({ ...parts, filter: filtersFor(statistics, noise) }, level, await readDecoderWeights(obfuscation, knot));
}
