import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  VeilError,
  type FaceDetectionManifest,
  type MeasuredStrength,
  type ModelManifest,
  type ModelRef,
  type ModelSummary
} from '../protocol';
import { readCertificate } from './certificate';
import { readManifest } from './manifest';
import { meaningOfAlpha } from './meaning';
import { readObfuscation, type Obfuscation } from './obfuscation';
import { locate } from './registry';

export const DEFAULT_MODEL = 'faceboxes';

/** A model folder, read and verified; plain data that may cross to a worker. */
export interface LoadedModel<Manifest extends ModelManifest = ModelManifest> {
  dir: string;
  bundled: boolean;
  manifest: Manifest;
  /** Weights in both graphs. */
  parameters: number;
  /** Null: the model runs clean, and refuses noisy. */
  obfuscation: Obfuscation | null;
}

/**
 * Load a model by its name (default `faceboxes`, which is bundled) or by its folder.
 * Every file is checked against its hash and its shapes before anything runs.
 * @throws VeilError `model_missing`, `model_mismatch`, `artefact_missing`, `artefact_mismatch`
 */
export async function loadModel(nameOrDir: string = DEFAULT_MODEL): Promise<LoadedModel> {
  const { dir, bundled } = await locate(nameOrDir);
  const { manifest, parameters, declared } = await readManifest(dir);
  const undeclared = join(dir, 'obfuscation.json');
  const path = manifest.obfuscation ? join(dir, manifest.obfuscation.file) : undeclared;
  if (!manifest.obfuscation && (declared || !existsSync(undeclared))) {
    return { dir, bundled, manifest, parameters, obfuscation: null };
  }
  const obfuscation = await readObfuscation(path, manifest, manifest.obfuscation?.sha256);
  const certificate = await readCertificate(obfuscation);
  return { dir, bundled, manifest, parameters, obfuscation: { ...obfuscation, certificate } };
}

export type DetectorModel = LoadedModel<FaceDetectionManifest>;

export const isDetector = (model: LoadedModel): model is DetectorModel => model.manifest.task === 'face-detection';

/**
 * As `loadModel`, for what is made for detectors alone.
 * @throws VeilError also `bad_request` when the model has another task
 */
export async function loadDetector(nameOrDir?: string): Promise<DetectorModel> {
  const model = await loadModel(nameOrDir);
  if (!isDetector(model)) {
    const { name, task } = model.manifest;
    throw new VeilError(
      'bad_request',
      `${name} is for ${task}, this is for face-detection. Nothing was run.`,
      'Name a detector.'
    );
  }
  return model;
}

export function modelRef({ manifest: { name, head, tail } }: Pick<LoadedModel, 'manifest'>): ModelRef {
  return { name, head_sha256: head.sha256, tail_sha256: tail.sha256 };
}

export function summarise(model: LoadedModel): ModelSummary {
  const { name, description, task, head, tail } = model.manifest;
  const artefact = model.obfuscation && summariseArtefact(model.obfuscation);
  const identity = {
    task,
    head_sha256: head.sha256,
    tail_sha256: tail.sha256,
    artefact_sha256: model.obfuscation?.sha256 ?? null
  };
  return { name, description, bundled: model.bundled, parameters: model.parameters, artefact, identity };
}

function summariseArtefact(obfuscation: Obfuscation): ModelSummary['artefact'] {
  const { kind, mode, knots } = obfuscation.document;
  const strengths = knots.map(({ alpha, measured_alpha: measured, agreement, server, looks }, k): MeasuredStrength => ({
    alpha,
    measured,
    certified: obfuscation.certificate?.knots[k].certified ?? null,
    agreement: agreement.find(tried => tried.server.join() === server.join())!.ap,
    looks
  }));
  const [alpha_min, alpha_max] = [knots[0].alpha, knots[knots.length - 1].alpha];
  return { kind, calibrated: mode === 'calibrated', alpha_min, alpha_max, meaning: meaningOfAlpha(obfuscation), strengths };
}
