import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { stat } from 'node:fs/promises';
import {
  contentHash,
  differenceHash,
  findPhotographs,
  pooledR2,
  readCoco,
  readFddb,
  retainedAp,
  squaredError,
  type LabelledPhotograph,
  type SquaredError
} from '../../evaluation';
import { KeptRows } from '../../learning/comparison/kept-rows';
import { labelsHash, openLabelled, type Labelled } from '../../learning/comparison/labelled';
import { openSubject, type Progress } from '../../learning/comparison/subject';
import { noNoise } from '../../learning/leakage';
import { openFront } from '../../learning/noisy-view';
import { compare } from '../../learning/server-side';
import { LearningSession } from '../../learning/session';
import { type Sample } from '../../learning/samples';
import { type Answer } from '../../learning/task';
import { isDetector, knotOfPower, loadModel, modelRef, readDecoderWeights, type LoadedModel } from '../../models';
import { postprocess } from '../../pipeline/boxes';
import { layPriors } from '../../pipeline/priors';
import { requireObfuscation } from '../../pipeline/noise';
import { VeilError } from '../../protocol';
import { knownStatistics } from '../statistics';
import { attack } from './attacks';
import { type Setting, type Veil } from './method';
import { METHODS, type MethodName } from './methods';
import { MethodRow, type MethodQuestion } from './row';
import { strongestThatKeeps } from './strength';

export { METHOD_NAMES, QUOTED, type MethodName, type Quoted } from './methods';
export { type MethodRow } from './row';
export { type Progress } from '../../learning/comparison/subject';
export { comparisonTable } from './table';
export { comparisonHtml } from './page';

export interface MethodComparison {
  /** Name or folder; default the bundled model. It needs an obfuscation. */
  model?: string;
  /** Folder of photographs to attack and to learn attacks from, of 704 of them at most. */
  images: string;
  /** Photographs with boxes: a folder in the layout of FDDB, or a COCO json; null: agreement with the clean model counts. */
  labels: string | null;
  methods: readonly MethodName[];
  /** Share of the clean model's accuracy that every method keeps, 0…1. */
  target: number;
  /** Training of the adaptive decoder, a step with eight photographs. */
  steps: number;
  seed: number;
  /** A file to which rows are added; those of the same question in it are not made again. */
  out: string | null;
  signal?: AbortSignal;
}

/**
 * Ways to keep pictures from a server, each as strong as it may be while the model keeps the same share of its accuracy,
 * and what the same two attacks then recover. Everything follows from the seed.
 * @returns a row for each method, in the order asked for, also those that were there
 * @throws VeilError `bad_request`, `model_missing`, `artefact_missing`, `not_found`, `bad_image`, `output_unwritable`,
 *   `cancelled`
 */
export async function compareMethods(request: MethodComparison, progress: Progress): Promise<MethodRow[]> {
  const { images, methods, target, steps, seed } = request;
  const model = await loadModel(request.model);
  const obfuscation = requireObfuscation(model);
  const [asked] = methods.filter(name => name === 'blur' && !isDetector(model));
  if (asked !== undefined || (request.labels !== null && !isDetector(model))) {
    throw new VeilError(
      'bad_request',
      `${model.manifest.name} finds no boxes, so there is nothing to ${asked ? 'blur' : 'hold against labels'}. Nothing was run.`,
      asked ? 'Leave blur out of --methods.' : 'Leave --labels out.'
    );
  }
  const rows = (await KeptRows.open(request.out, MethodRow)) as KeptRows<MethodRow>;
  const photographs = request.labels === null ? [] : await readLabels(request.labels);
  const about = {
    model: modelRef(model),
    artefact_sha256: obfuscation.sha256,
    images_sha256: await folderHash(images),
    labels_sha256: request.labels === null ? null : await labelsHash(photographs),
    target,
    steps,
    seed
  };
  const questions = methods.map((method): MethodQuestion => ({ ...about, method }));
  const missing = questions.filter(question => !rows.of(question));
  if (missing.length > 0) {
    const { setting, judge, clean, judged } = await open(request, model, photographs, progress);
    for (const question of missing) {
      const began = performance.now();
      const { samples } = setting.subject.pass;
      await rows.add({
        schema: 1,
        question,
        images: { train: samples.fit.length, attacked: samples.held_out.length, judged },
        clean,
        measured: await measure(question),
        seconds: Math.round((performance.now() - began) / 1000)
      });
    }

    async function measure({ method: name }: MethodQuestion): Promise<MethodRow['measured']> {
      const { range, ...method } = METHODS[name];
      const { knots } = obfuscation.document;
      const within = method.unit === 'ALPHA' ? ([knots[0].alpha, knots[knots.length - 1].alpha] as const) : range;
      const found = await strongestThatKeeps(target, { ...method, range: within }, async strength => {
        request.signal?.throwIfAborted();
        return using(await method.open(setting, strength), veil =>
          judge(veil, progress(`${name} at ${strength.toPrecision(3)}`, judged))
        );
      });
      if (!found) {
        return null;
      }
      const seen = progress(`${name}: attacks`, steps + setting.subject.pass.samples.held_out.length);
      const leaks = await using(await method.open(setting, found.strength), veil =>
        attack(setting, veil, {
          steps,
          seen: () => {
            request.signal?.throwIfAborted();
            seen();
          }
        })
      );
      const tried = [
        { name: 'A1', leak: leaks.a1 },
        { name: 'A2', leak: leaks.a2 },
        ...(leaks.as_sent ? [{ name: 'as sent', leak: leaks.as_sent }] : [])
      ];
      const best = tried.reduce((most, other) => (other.leak.r2 > most.leak.r2 ? other : most));
      const strongest = { name: best.name, r2: best.leak.r2, ci: best.leak.ci };
      return { ...found, unit: method.unit, ...leaks, strongest };
    }
  }
  return questions.map(question => rows.of(question)!);
}

type Judge = (veil: Veil, seen: () => void) => Promise<number>;

/** Photographs, what they look like to the clean model, and what keeps count of what a method leaves of that. */
async function open(
  { images, labels, seed }: MethodComparison,
  model: LoadedModel,
  photographs: readonly LabelledPhotograph[],
  progress: Progress
): Promise<{ setting: Setting; judge: Judge; judged: number; clean: MethodRow['clean'] }> {
  const device = { providers: ['cpu' as const], threads: Math.min(availableParallelism(), 8) };
  const apart = await Promise.all(photographs.map(({ path }) => differenceHash(path)));
  const subject = await openSubject({ model, images, seed, apart, device, progress });
  const obfuscation = requireObfuscation(model);
  const setting: Setting = {
    model,
    obfuscation,
    subject,
    statistics: await knownStatistics(obfuscation, subject.pass.samples.fit, device),
    decoder: noise => readDecoderWeights(obfuscation, knotOfPower(obfuscation, noise)),
    boxes: boxesOf(model)
  };
  const { task } = subject.pass;
  const answers = async (veil: Veil, samples: readonly Sample[], seen: () => void): Promise<Answer[]> => {
    const session = await LearningSession.open(veil.server, device);
    const normals = await subject.pass.normals('compare judge');
    const { shape } = setting.statistics.field;
    const found: Answer[] = [];
    for (const sample of samples) {
      const results = await session.run({ [task.input]: { data: await veil.send(sample, normals), dims: [1, ...shape] } });
      found.push(Object.fromEntries(task.outputs.map(({ name }) => [name, results[name].data])));
      seen();
    }
    await session.release();
    return found;
  };
  const { held_out } = subject.pass.samples;
  const linear_r2 = await cleanR2(setting);
  if (labels === null || !isDetector(model)) {
    return {
      setting,
      judge: async (veil, seen) => compare(task, held_out, await answers(veil, held_out, seen)).agreement,
      judged: held_out.length,
      clean: { accuracy: 1, linear_r2 }
    };
  }
  const labelled: Labelled = await openLabelled(model, photographs, device, progress('labelled photographs', photographs.length));
  return {
    setting,
    judge: async (veil, seen) =>
      retainedAp(labelled.clean, labelled.scored(await answers(veil, labelled.samples, seen))).retained,
    judged: labelled.samples.length,
    clean: { accuracy: labelled.cleanAp, linear_r2 }
  };
}

/** What the linear attacker recovers of clean activations of photographs that it has not seen. */
async function cleanR2({ subject: { pass }, statistics }: Setting): Promise<number> {
  const front = await openFront(statistics, noNoise(statistics.spectra), pass.device);
  const errors: SquaredError[] = [];
  for (const { activation, target } of pass.samples.held_out) {
    const { linear } = await front.run({ noisy: { data: activation, dims: [1, ...statistics.field.shape] } });
    const picture = linear.data.map(value => Math.min(Math.max(value, 0), 1));
    errors.push(squaredError(target, picture, statistics.kept.target_mean));
  }
  await front.release();
  return pooledR2(errors);
}

function boxesOf(model: LoadedModel): Setting['boxes'] {
  if (!isDetector(model)) {
    return () => [];
  }
  const { tail, postprocess: settings } = model.manifest;
  const priors = layPriors(model.manifest);
  return sample =>
    postprocess(sample.answer[tail.loc.name], sample.answer[tail.conf.name], priors, sample, settings).filter(
      ({ score }) => score >= settings.threshold
    );
}

async function using<T>(veil: Veil, work: (veil: Veil) => Promise<T>): Promise<T> {
  try {
    return await work(veil);
  } finally {
    await veil.release();
  }
}

async function readLabels(path: string): Promise<LabelledPhotograph[]> {
  const folder = await stat(path).then(
    entry => entry.isDirectory(),
    () => true
  );
  return folder ? readFddb(path) : readCoco(path);
}

/** SHA-256 over the contents of a folder's photographs, whatever they are called. */
async function folderHash(folder: string): Promise<string> {
  const hashes: string[] = [];
  for (const path of await findPhotographs(folder)) {
    hashes.push(await contentHash(path));
  }
  return createHash('sha256').update(hashes.sort().join('\n')).digest('hex');
}
