import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { asStored, modelRef, writeArtefact, type Weights } from '../models';
import { readOnnxFile } from '../models/onnx';
import { DeviceCatalog, providerOf } from '../pipeline/devices';
import { VeilError, type Knot, type LearnProgress, type LearnReport, type LearnRequest } from '../protocol';
import { countsOf, draftOf, lookedAt, measureKnot } from './account';
import { AttackedView, freshDecoder, strongestR2, trainDecoder } from './attacker';
import { Calibration, Judge, scaled, ticksOfAKnot, type CalibratedKnot } from './calibration';
import { Checkpoints } from './checkpoints';
import { cloakLadder } from './cloak';
import { type NoiseSpectrum } from './leakage';
import { FULL, type Effort } from './effort';
import { Pace, type Plan } from './pace';
import { normalsOf, randomOf, type Pass } from './pass';
import { readQuestion, type Question } from './question';
import { Sampler, type Sample } from './samples';
import { openProbe, sensitivityOf } from './sensitivity';
import { bestOf, serverSides, ticksAKnot, type Candidate } from './server-side';
import { type LearningDevice } from './session';
import { ladderOf, LADDER_TICKS, learnShape, shapeTicks } from './shaping';
import { statisticsOf, type Statistics } from './statistics';
import { taskOf } from './task';

export interface LearnHooks {
  progress(progress: LearnProgress): void;
  /** Ends the pass; what was finished stays in the folder for the next one of the same request. */
  signal: AbortSignal;
}

/** Seconds on one core of 2 GHz; only proportions matter. */
const PLAN: Plan = {
  activations: 47,
  spectra: 6,
  sensitivity: 15,
  refine: 120,
  shape: 35,
  decoder: 110,
  calibrate: 960,
  server: 480,
  measure: 138
};

/**
 * Learn an obfuscation of a model from unlabelled photographs: statistics, noise shaped by what the task minds and what
 * attackers look at, for each ALPHA a decoder trained against it, to which it is calibrated, the server's side. The
 * same question on the same machine gives the same artefact. docs/obfuscation.md tells each step.
 * @throws VeilError `bad_request`, `model_missing`, `model_mismatch`, `not_found`, `bad_image`, `output_unwritable`,
 *   `cancelled`
 */
export async function learn(
  request: LearnRequest,
  { progress, signal }: LearnHooks,
  effort: Effort = FULL
): Promise<LearnReport> {
  const began = performance.now();
  const pace = new Pace(PLAN, progress, signal);
  const question = await readQuestion(request);
  const { device, notices } = await openDevice(request.device ?? 'cpu');
  const checkpoints = await Checkpoints.open(question.out, question.key);
  const pass = await openPass(question, device, pace, effort);
  const { fit, held_out } = pass.samples;
  const shape = question.model.manifest.head.activation.shape as [number, number, number];

  pace.enter('spectra', fit.length);
  const statistics = await checkpoints.keep('spectra', () => statisticsOf(fit, shape, device, () => pace.tick()));
  const decoder = freshDecoder(statistics, pass.random('decoder'));
  const ladder =
    question.mode === 'cloak'
      ? await checkpoints.keep('cloak', () => cloakLadder(pass, statistics))
      : await shapedLadder(pass, statistics, checkpoints, decoder);

  pace.enter('decoder', effort.decoderSteps);
  const first = await checkpoints.keep('attacker', () => trainFirst(pass, statistics, ladder, decoder));

  pace.enter('calibrate', question.alphas.length * ticksOfAKnot(effort.knotSteps));
  const calibration = await Calibration.open(pass, statistics, decoder, ladder, first);
  // ALPHA is to hold for the mean of so many looks, which carries so much less noise than one.
  const looked: CalibratedKnot[] = [];
  for (const [k, alpha] of question.alphas.entries()) {
    pace.at(alpha);
    const before = looked.at(-1) ?? { place: 0, decoder: first };
    looked.push(
      await checkpoints.keep(`knot ${k}`, () =>
        question.mode === 'cloak' ? calibration.attack(k + 1, before) : calibration.meet(alpha, before)
      )
    );
  }
  const noise = looked.map(({ S }) => scaled(S, question.looks));

  pace.enter('server', noise.length * ticksAKnot(effort));
  const sides: { tried: Candidate[]; best: Candidate }[] = [];
  for (const [k, S] of noise.entries()) {
    pace.at(question.alphas[k]);
    const start = sides.at(-1)?.best.weights ?? null;
    sides.push(await checkpoints.keep(`server ${k}`, () => serverSide(pass, statistics, S, start, k)));
  }

  pace.enter('measure', noise.length + 1);
  const judge = await Judge.open(pass, statistics, decoder, first);
  const clean = await judge.recover(null, held_out);
  const cleanR2 = { all: strongestR2(clean), some: strongestR2(await judge.recover(null, lookedAt(pass))) };
  await judge.release();
  const knots: Omit<Knot, 'weights'>[] = [];
  for (const [k, S] of noise.entries()) {
    pace.at(question.alphas[k]);
    const atWork = { k, looked, shipped: S, clean: cleanR2, sides: sides[k].tried };
    knots.push(await measureKnot(pass, statistics, decoder, atWork));
    pace.tick();
  }

  const draft = draftOf(question, noise, knots, clean, (performance.now() - began) / 1000, statistics);
  const server = sides.map(({ best }) => best.weights);
  const decoders = { clean: first, knots: looked.map(knot => knot.decoder) };
  const content = { ...statistics.kept, noise, decoders, server };
  const written = await checkpoints.finish(() => writeArtefact(question.out, draft, content));
  return {
    schema: 1,
    artefact: { path: join(question.out, 'obfuscation.json'), sha256: written.sha256, mode: question.mode },
    model: modelRef(question.model),
    images: { ...countsOf(question), left_out: question.photographs.left_out },
    stages: pace.finish(),
    seconds: (performance.now() - began) / 1000,
    knots: knots.map(knot => ({
      alpha: knot.alpha,
      measured_alpha: knot.measured_alpha,
      linear_r2: knot.leakage.linear.r2,
      decoder_r2: knot.leakage.decoder.r2,
      agreement_ap: knot.agreement.at(-1)!.ap,
      server: knot.server
    })),
    notices
  };
}

async function openDevice(choice: string): Promise<{ device: LearningDevice; notices: string[] }> {
  const { devices, notices } = await new DeviceCatalog().resolve(choice);
  const { kind, index } = providerOf(devices[0]);
  const providers =
    kind === 'cpu'
      ? (['cpu'] as const)
      : kind === 'cuda'
        ? ([{ name: 'cuda', deviceId: index }, 'cpu'] as const)
        : (['webgpu', 'cpu'] as const);
  return { device: { providers: [...providers], threads: Math.min(availableParallelism(), 8) }, notices };
}

/** The photographs as samples, and what stages share. */
async function openPass(question: Question, device: LearningDevice, pace: Pace, effort: Effort): Promise<Pass> {
  const { model, photographs, seed } = question;
  const { fit, select, held_out } = photographs;
  pace.enter('activations', fit.length + select.length + held_out.length);
  const sampler = await Sampler.open(model, device);
  const take = async (paths: readonly string[]): Promise<Sample[]> => {
    const samples: Sample[] = [];
    for (const path of paths) {
      samples.push(await sampler.sample(path));
      pace.tick();
    }
    return samples;
  };
  const samples = { fit: await take(fit), select: await take(select), held_out: await take(held_out) };
  await sampler.release();
  requireReadableActivation(samples.fit, model.manifest.name);
  const tail = await readOnnxFile(join(model.dir, model.manifest.tail.file));
  const task = taskOf(model.manifest);
  return { question, task, tail, device, effort, pace, samples, random: randomOf(seed), normals: normalsOf(seed) };
}

/** @throws VeilError `model_mismatch` for a graph that makes what is not a number */
function requireReadableActivation(samples: readonly Sample[], name: string): void {
  const broken = samples.find(
    ({ activation, answer }) =>
      !activation.every(Number.isFinite) || !Object.values(answer).every(values => values.every(Number.isFinite))
  );
  if (broken) {
    throw new VeilError(
      'model_mismatch',
      `Model ${name} makes values of ${broken.path} that are not finite numbers. Nothing was learned.`,
      'Export the model anew, or leave that photograph out.'
    );
  }
}

async function shapedLadder(
  pass: Pass,
  statistics: Statistics,
  checkpoints: Checkpoints,
  decoder: ReturnType<typeof freshDecoder>
): Promise<NoiseSpectrum[]> {
  const { pace, samples, device, question, tail } = pass;
  pace.enter('sensitivity', pass.effort.sensitivityProbes);
  const G = await checkpoints.keep('sensitivity', async () => {
    const probe = await openProbe(tail, question.model.manifest, await pass.normals('sensitivity'), device);
    const probed = samples.fit.slice(0, pass.effort.sensitivityProbes).map(({ activation }) => activation);
    const found = await sensitivityOf(probe, probed, statistics.field.shape, device, () => pace.tick());
    await probe.release();
    return found;
  });
  pace.enter('refine', shapeTicks(pass.effort));
  const { B } = await checkpoints.keep('refine', () => learnShape(pass, statistics, G, decoder));
  pace.enter('shape', LADDER_TICKS);
  return checkpoints.keep('shape', async () => ladderOf(pass, statistics, G, B));
}

/** The decoder from which those of the knots begin: on clean activations, and on the weaker half of the noise. */
async function trainFirst(
  pass: Pass,
  statistics: Statistics,
  ladder: readonly NoiseSpectrum[],
  decoder: ReturnType<typeof freshDecoder>
): Promise<Weights> {
  const views: AttackedView[] = [];
  for (const S of [null, ...ladder.slice(1, Math.ceil(ladder.length / 2))]) {
    views.push(await AttackedView.open(statistics, S, pass.device));
  }
  const weights = await trainDecoder(decoder, {
    statistics,
    samples: pass.samples.fit,
    views,
    steps: pass.effort.decoderSteps,
    random: pass.random('attacker'),
    normals: await pass.normals('attacker'),
    device: pass.device,
    seen: () => pass.pace.tick()
  });
  await Promise.all(views.map(view => view.release()));
  return asStored(weights);
}

async function serverSide(
  pass: Pass,
  statistics: Statistics,
  S: NoiseSpectrum,
  start: Weights | null,
  k: number
): Promise<{ tried: Candidate[]; best: Candidate }> {
  const { tail, task, samples, device, effort, pace } = pass;
  const tried = await serverSides(S, start, {
    tail,
    task,
    statistics,
    fit: samples.fit,
    select: samples.select,
    random: pass.random(`server ${k}`),
    normals: await pass.normals(`server ${k}`),
    device,
    effort,
    seen: () => pace.tick()
  });
  return { tried, best: bestOf(tried) };
}
