import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { contentHash, findPhotographs, splitPhotographs } from '../evaluation';
import { DEFAULT_MODEL, type LoadedModel } from '../models';
import { readManifest } from '../models/manifest';
import { locate } from '../models/registry';
import { LearnRequest, VeilError, VERSION } from '../protocol';

/** Photographs for each purpose; more are left out. */
const SIZES = { fit: 512, select: 64, held_out: 128 };
/** Fewer of these say nothing. */
const LEAST = { select: 16, held_out: 32 };

const ALPHAS = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95];

export interface Photographs {
  fit: string[];
  select: string[];
  held_out: string[];
  left_out: number;
}

/** A model's graphs; what artefact it has does not matter here, it may be one to replace. */
export type Network = Pick<LoadedModel, 'dir' | 'manifest'>;

/** What a learning pass was asked, checked. */
export interface Question {
  model: Network;
  out: string;
  mode: 'calibrated' | 'cloak';
  /** Ascending; in mode cloak weights. */
  alphas: number[];
  looks: number;
  seed: number;
  source: string;
  photographs: Photographs;
  /** Of all photographs used, in order. */
  imagesSha256: string;
  /** Everything results depend on. */
  key: unknown;
}

/**
 * @throws VeilError `bad_request`, also for fewer photographs than the activation has channels; `model_missing`,
 *   `model_mismatch`, `not_found`
 */
export async function readQuestion(request: LearnRequest): Promise<Question> {
  const fault = Value.Errors(LearnRequest, request).First();
  if (fault) {
    throw new VeilError('bad_request', `${fault.path || 'the request'}: ${fault.message}. Nothing was learned.`, 'Correct it.');
  }
  const { mode = 'calibrated', looks = 1, seed = 0 } = request;
  const alphas = [...new Set(request.alphas ?? ALPHAS)].sort((a, b) => a - b);
  const outside = alphas.find(alpha => !(alpha > 0 && alpha < 1));
  if (outside !== undefined) {
    throw new VeilError('bad_request', `ALPHA ${outside} is not between 0 and 1. Nothing was learned.`, 'Give values inside.');
  }
  const { dir } = await locate(request.model ?? DEFAULT_MODEL);
  const model = { dir, manifest: (await readManifest(dir)).manifest };
  const photographs = await chooseImages(request.images, model, seed);
  const { head, tail } = model.manifest;
  const hashes = await Promise.all([...photographs.fit, ...photographs.select, ...photographs.held_out].map(contentHash));
  const imagesSha256 = createHash('sha256').update(hashes.join('\n')).digest('hex');
  return {
    model,
    out: request.out,
    mode,
    alphas,
    looks,
    seed,
    source: basename(resolve(request.images)),
    photographs,
    imagesSha256,
    key: { version: VERSION, head: head.sha256, tail: tail.sha256, images: imagesSha256, mode, alphas, looks, seed }
  };
}

async function chooseImages(folder: string, { manifest }: Network, seed: number): Promise<Photographs> {
  const paths = await findPhotographs(folder);
  const [channels] = manifest.head.activation.shape;
  const share = Math.min(1, paths.length / (SIZES.fit + SIZES.select + SIZES.held_out));
  const sizes = {
    fit: Math.floor(share * SIZES.fit),
    select: Math.max(LEAST.select, Math.floor(share * SIZES.select)),
    held_out: Math.max(LEAST.held_out, Math.floor(share * SIZES.held_out))
  };
  const parts = sizes.fit < channels ? null : await splitPhotographs(paths, sizes, seed);
  if (!parts || parts.fit.length < channels || parts.select.length < LEAST.select || parts.held_out.length < LEAST.held_out) {
    const needed = Math.ceil((channels * (SIZES.fit + SIZES.select + SIZES.held_out)) / SIZES.fit) + 1;
    throw new VeilError(
      'bad_request',
      `${folder} holds ${paths.length} ${paths.length === 1 ? 'photograph' : 'photographs'} (near-duplicates counted), fewer than the statistics of ${channels} channels` +
        ` need. Nothing was learned.`,
      `Give at least ${needed} different photographs of the kind that the model will see.`
    );
  }
  return parts;
}
