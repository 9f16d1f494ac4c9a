import { randomUUID } from 'node:crypto';
import { env } from 'onnxruntime-node';
import { VERSION, type DetectionResult } from '../protocol';
import { modelRef } from '../models';
import type { DetectRequest } from './compute';
import type { Facts } from './departure';
import type { NoisePlan } from './noise-plan';
import type { Raster } from './raster';
import type { Stages } from './stages';

export const VERSIONS = {
  veilbook: VERSION,
  onnxruntime: env.versions.node ?? env.versions.common,
  node: process.versions.node
};

type Subject = Pick<Stages, 'model' | 'reader'>;

/** The result as far as it is known before the tail ran: nothing was detected. */
export function draftOf(
  { model, reader }: Subject,
  { image, options }: Pick<DetectRequest, 'image' | 'options'>,
  { plan, frame }: { plan: NoisePlan | null; frame: Raster },
  context: { device: string; notices: string[] }
): DetectionResult {
  return {
    run: randomUUID(),
    image,
    mode: options.mode,
    alpha: plan ? plan.alpha : null,
    width: frame.width,
    height: frame.height,
    threshold: options.threshold ?? reader.threshold(plan !== null),
    detections: [],
    timings_ms: { total: 0 },
    device: context.device,
    notices: [...context.notices, ...(plan?.said.notices ?? [])],
    private: plan?.said.private ?? false,
    model: modelRef(model),
    artefact: plan?.said.artefact ?? null,
    versions: VERSIONS
  };
}

/**
 * What a tail elsewhere is told of a tensor.
 * @param source SHA-256, hexadecimal, of the activation that it is a look at
 */
export function factsOf({ model, reader }: Subject, source: string): Facts {
  const step = model.obfuscation?.step ?? null;
  return { model: modelRef(model), ports: reader.outputs, input: model.manifest.tail.activation.name, step, source };
}
