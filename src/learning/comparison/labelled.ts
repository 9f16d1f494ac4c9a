import { createHash } from 'node:crypto';
import { averagePrecision, contentHash, type LabelledPhotograph, type ScoredImage } from '../../evaluation';
import { type DetectorModel } from '../../models';
import { postprocess } from '../../pipeline/boxes';
import { layPriors } from '../../pipeline/priors';
import { type Detection } from '../../protocol';
import { Sampler, type Sample } from '../samples';
import { type LearningDevice } from '../session';
import { type Answer } from '../task';

/** Photographs with boxes that people drew, and what a model makes of them without noise. */
export interface Labelled {
  samples: Sample[];
  /** The clean model's detections beside the truth. */
  clean: ScoredImage[];
  cleanAp: number;
  /** The same for answers of a server's side, in the order of the samples. */
  scored(answers: readonly Answer[]): ScoredImage[];
}

/** @throws VeilError `bad_image`, `image_too_large` */
export async function openLabelled(
  model: DetectorModel,
  photographs: readonly LabelledPhotograph[],
  device: LearningDevice,
  seen: () => void
): Promise<Labelled> {
  const sampler = await Sampler.open(model, device);
  const samples: Sample[] = [];
  for (const { path } of photographs) {
    samples.push(await sampler.sample(path));
    seen();
  }
  await sampler.release();
  const { tail, postprocess: settings } = model.manifest;
  const priors = layPriors(model.manifest);
  const detections = (answer: Answer, frame: Sample): Detection[] =>
    postprocess(answer[tail.loc.name], answer[tail.conf.name], priors, frame, settings);
  const scored = (answers: readonly Answer[]) =>
    samples.map((sample, i) => ({ detections: detections(answers[i], sample), truth: photographs[i].truth }));
  const clean = scored(samples.map(({ answer }) => answer));
  return { samples, clean, cleanAp: averagePrecision(clean).ap, scored };
}

/** SHA-256 over contents and boxes. */
export async function labelsHash(photographs: readonly LabelledPhotograph[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, truth } of photographs) {
    hash.update(`${await contentHash(path)} ${JSON.stringify(truth)}\n`);
  }
  return hash.digest('hex');
}
