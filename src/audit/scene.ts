import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { contentHash, findPhotographs, splitPhotographs } from '../evaluation';
import {
  loadModel,
  knotOfPower,
  noiseSpectrumAt,
  readDecoderWeights,
  type LoadedModel,
  type Obfuscation,
  type Weights
} from '../models';
import { normalsOf, randomOf } from '../learning/pass';
import { Sampler, type Sample } from '../learning/samples';
import { type LearningDevice } from '../learning/session';
import { type NoiseSpectrum } from '../learning/leakage';
import { type Statistics } from '../learning/statistics';
import { type Matrix } from '../numerics/symmetric';
import { requireAlpha, requireObfuscation } from '../pipeline/noise';
import { VeilError, VERSION, type AuditReport, type AuditRequest } from '../protocol';
import { openDevice } from './device';
import { Finished } from './resume';
import { LEAST, type Sizes } from './sizes';
import { knownStatistics } from './statistics';

/** Everything an audit works with. */
export interface Scene {
  model: LoadedModel;
  obfuscation: Obfuscation;
  /** As users ask for them, ascending. */
  alphas: number[];
  sizes: Sizes;
  seed: number;
  device: LearningDevice;
  /** Sources of the attacker's own images and of attacked ones are apart. */
  own: Sample[];
  attacked: Sample[];
  statistics: Statistics;
  images: AuditReport['images'];
  finished: Finished;
  random: ReturnType<typeof randomOf>;
  normals: ReturnType<typeof normalsOf>;
}

/** What is asked, checked before the first photograph is decoded. */
export interface Question {
  model: LoadedModel;
  obfuscation: Obfuscation;
  alphas: number[];
  device: LearningDevice;
  parts: { own: string[]; attacked: string[]; left_out: number };
  imagesSha256: string;
}

/**
 * @throws VeilError `model_missing`, `model_mismatch`, `artefact_missing`, `artefact_mismatch`, `bad_alpha`, `not_found`,
 *   `device_unavailable`, `bad_request` for too few images
 */
export async function readQuestion(request: AuditRequest, sizes: Sizes): Promise<Question> {
  const model = await loadModel(request.model);
  const obfuscation = requireObfuscation(model);
  const asked = request.alphas ?? obfuscation.document.knots.map(({ alpha }) => alpha);
  const alphas = [...new Set(asked)].sort((a, b) => a - b).map(alpha => requireAlpha(alpha, obfuscation));
  const device = await openDevice(request.device);
  const parts = await dealOut(request.images, sizes, request.seed);
  const hashes = await Promise.all([...parts.own, ...parts.attacked].map(contentHash));
  const imagesSha256 = createHash('sha256').update(hashes.join('\n')).digest('hex');
  return { model, obfuscation, alphas, device, parts, imagesSha256 };
}

async function dealOut(folder: string, sizes: Sizes, seed: number): Promise<Question['parts']> {
  const paths = await findPhotographs(folder);
  const share = Math.min(1, paths.length / (sizes.own + sizes.attacked));
  const [own, attacked] = [sizes.own, sizes.attacked].map(size => Math.floor(share * size));
  const few = (found: string, images: number): VeilError =>
    new VeilError(
      'bad_request',
      `${folder} holds ${images} ${images === 1 ? 'photograph' : 'photographs'}${found}, fewer than an audit needs. Nothing was attacked.`,
      `Give at least ${LEAST.own + LEAST.attacked} photographs of different scenes, better ${sizes.own + sizes.attacked}.`
    );
  if (own < LEAST.own || attacked < LEAST.attacked) {
    throw few('', paths.length);
  }
  const { fit, held_out, left_out } = await splitPhotographs(paths, { fit: own, select: 0, held_out: attacked }, seed);
  if (fit.length < LEAST.own || held_out.length < LEAST.attacked) {
    throw few(' when near-duplicates count once', fit.length + held_out.length);
  }
  return { own: fit, attacked: held_out, left_out };
}

/**
 * Activations of the images and what is known of them.
 * @param out folder of what a stopped audit goes on from; null for none
 * @param seen is called after each image
 * @throws VeilError `bad_image`, `cancelled` by `seen`, `output_unwritable`
 */
export async function openScene(
  { model, obfuscation, alphas, device, parts, imagesSha256 }: Question,
  request: AuditRequest,
  sizes: Sizes,
  out: string | null,
  seen: () => void
): Promise<Scene> {
  const { head, tail } = model.manifest;
  const { seed } = request;
  const finished = await Finished.open(out, {
    version: VERSION,
    head: head.sha256,
    tail: tail.sha256,
    artefact: obfuscation.sha256,
    images: imagesSha256,
    own: parts.own.length,
    seed,
    sizes,
    providers: device.providers
  });
  const sampler = await Sampler.open(model, device);
  const take = async (paths: readonly string[]): Promise<Sample[]> => {
    const samples: Sample[] = [];
    for (const path of paths) {
      // What the tail says is of no use to an audit, and takes as much memory as the activation.
      samples.push({ ...(await sampler.sample(path)), answer: {} });
      seen();
    }
    return samples;
  };
  const [own, attacked] = [await take(parts.own), await take(parts.attacked)];
  await sampler.release();
  const images = {
    source: basename(resolve(request.images)),
    sha256: imagesSha256,
    train: own.length,
    attacked: attacked.length,
    gallery: Math.min(sizes.gallery, own.length + attacked.length),
    left_out: parts.left_out
  };
  const statistics = await knownStatistics(obfuscation, own, device);
  const [random, normals] = [randomOf(seed), normalsOf(seed)];
  return { model, obfuscation, alphas, sizes, seed, device, own, attacked, statistics, images, finished, random, normals };
}

/** Spectrum of the noise in the mean of so many tensors; null for clean activations. */
export function spectrumOf({ obfuscation }: Scene, alpha: number | null, looks = 1): NoiseSpectrum | null {
  const S = alpha === null ? null : noiseSpectrumAt(obfuscation, alpha);
  return S && S.map((matrix): Matrix => matrix.map(value => value / looks));
}

/** The artefact's decoder that knows such noise best; null: clean activations. */
export function decoderWeights({ obfuscation }: Scene, S: NoiseSpectrum | null): Promise<Weights> {
  return readDecoderWeights(obfuscation, S && knotOfPower(obfuscation, S));
}
