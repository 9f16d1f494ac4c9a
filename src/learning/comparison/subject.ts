import { FULL } from '../effort';
import { join } from 'node:path';
import { differenceHash, hashDistance, NEAR, pooledR2 } from '../../evaluation';
import { readOnnxFile, type OnnxModel } from '../../models/onnx';
import { LEARN_STAGES, VeilError } from '../../protocol';
import { Attackers, AttackedView, freshDecoder } from '../attacker';
import { leakage, noNoise, type NoiseSpectrum } from '../leakage';
import { Pace, type Plan } from '../pace';
import { normalsOf, randomOf, type Pass } from '../pass';
import { readQuestion, type Network } from '../question';
import { Sampler, type Sample } from '../samples';
import { openProbe, sensitivityOf } from '../sensitivity';
import { ladderOf, LADDER_TICKS, learnShape, shapeTicks } from '../shaping';
import { type LearningDevice } from '../session';
import { statisticsOf, type Statistics } from '../statistics';
import { taskOf } from '../task';
import { type Known } from './families';

/** Begins something of so many steps; the function returned is called after each. */
export type Progress = (what: string, steps: number) => () => void;

/** Everything that all families of one seed share: photographs, statistics, sensitivity, the decoder before training. */
export interface Subject {
  pass: Pass;
  statistics: Statistics;
  known: Known;
  decoder: OnnxModel;
  /** R2 of the linear attacker on clean activations. */
  clean: { fit: number; held_out: number };
}

export interface SubjectOptions {
  model: Network;
  images: string;
  seed: number;
  /** Difference hashes of photographs that none learned from may resemble. */
  apart: readonly Uint32Array[];
  device: LearningDevice;
  progress: Progress;
}

const PROBES = 256;

/** The seed decides the split of the photographs, probes, initial weights and the noise trained on. */
export async function openSubject({ model, images, seed, apart, device, progress }: SubjectOptions): Promise<Subject> {
  const splitting = progress('split', 1);
  // Only what reads and splits photographs is taken from a learning pass, which writes nothing before its end.
  const question = await readQuestion({ model: model.dir, images, out: '.', seed });
  splitting();
  let steps = (): void => undefined;
  const pass: Pass = {
    question,
    task: taskOf(model.manifest),
    tail: await readOnnxFile(join(model.dir, model.manifest.tail.file)),
    device,
    pace: new Pace(EVEN, () => steps(), new AbortController().signal),
    samples: await samplesOf(model, question.photographs, apart, device, progress),
    effort: FULL,
    random: randomOf(seed),
    normals: normalsOf(seed)
  };
  const { fit, held_out } = pass.samples;
  const shape = model.manifest.head.activation.shape as [number, number, number];
  const statistics = await statisticsOf(fit, shape, device, progress('spectra', fit.length));
  const G = await sensitivity(pass, statistics, progress);
  const decoder = freshDecoder(statistics, pass.random('decoder'));
  let ladder: Promise<NoiseSpectrum[]> | undefined;
  const learnLadder = async () => {
    steps = progress('refine', shapeTicks(FULL) + LADDER_TICKS);
    const { B } = await learnShape(pass, statistics, G, decoder);
    return ladderOf(pass, statistics, G, B);
  };
  const { spectra } = statistics;
  return {
    pass,
    statistics,
    known: { spectra, G, ladder: () => (ladder ??= learnLadder()) },
    decoder,
    clean: { fit: leakage(spectra, noNoise(spectra)), held_out: await cleanR2(pass, statistics, decoder, held_out) }
  };
}

const EVEN = Object.fromEntries(LEARN_STAGES.map(stage => [stage, 1])) as Plan;

/** @throws VeilError `bad_request` when too few photographs are left to learn from */
async function samplesOf(
  model: Network,
  photographs: Record<'fit' | 'select' | 'held_out', readonly string[]>,
  apart: readonly Uint32Array[],
  device: LearningDevice,
  progress: Progress
): Promise<Pass['samples']> {
  const parts = ['fit', 'select', 'held_out'] as const;
  const seen = progress(
    'activations',
    parts.reduce((sum, part) => sum + photographs[part].length, 0)
  );
  const sampler = await Sampler.open(model, device);
  const samples: Pass['samples'] = { fit: [], select: [], held_out: [] };
  for (const part of parts) {
    for (const path of photographs[part]) {
      const hash = await differenceHash(path);
      if (!apart.some(other => hashDistance(hash, other) <= NEAR)) {
        samples[part].push(await sampler.sample(path));
      }
      seen();
    }
  }
  await sampler.release();
  const [channels] = model.manifest.head.activation.shape;
  if (samples.fit.length < channels || parts.some(part => samples[part].length === 0)) {
    throw new VeilError(
      'bad_request',
      `Only ${samples.fit.length} photographs to learn from do not resemble a labelled one. Nothing was compared.`,
      `Give --images of other scenes, at least ${channels} to fit alone.`
    );
  }
  return samples;
}

async function sensitivity(pass: Pass, { field }: Statistics, progress: Progress) {
  const { tail, question, device } = pass;
  const activations = pass.samples.fit.slice(0, PROBES).map(({ activation }) => activation);
  const probe = await openProbe(tail, question.model.manifest, await pass.normals('sensitivity'), device);
  const seen = progress('sensitivity', activations.length);
  const G = await sensitivityOf(probe, activations, field.shape, device, seen);
  await probe.release();
  return G;
}

/** The linear attacker's share of clean images that it was not fitted to. */
async function cleanR2(pass: Pass, statistics: Statistics, decoder: OnnxModel, samples: readonly Sample[]): Promise<number> {
  const view = await AttackedView.open(statistics, null, pass.device);
  const attackers = await Attackers.open(decoder, {}, statistics, pass.device);
  const { linear } = await attackers.recover(view, samples, await pass.normals('measure'));
  await attackers.release();
  await view.release();
  return pooledR2(linear);
}
