import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { contentHash, differenceHash, findPhotographs, readFddb } from '../../evaluation';
import { loadDetector, modelRef } from '../../models';
import { type LearningDevice } from '../session';
import { FAMILIES, type Family } from './families';
import { labelsHash, openLabelled, type Labelled } from './labelled';
import { measure } from './measure';
import { Rows, type Question, type Row } from './row';
import { openSubject, type Progress, type Subject } from './subject';

export { FAMILIES, type Family } from './families';
export { type Row } from './row';
export { type Progress } from './subject';
export { markdownOf, tablesOf, type Table } from './table';
export { VeilError } from '../../protocol';

export interface Comparison {
  /** Folder of a detector. */
  model: string;
  /** Folder of photographs to learn from, of 704 of them at most per seed. */
  images: string;
  /** Photographs with boxes in the layout of FDDB. */
  labels: string;
  /** Shares that the full-field linear attacker loses; ascending. */
  alphas: readonly number[];
  families?: readonly Family[];
  /** Seeds 0…seeds-1. */
  seeds: number;
  /** Training of the adaptive decoder, a step with eight photographs. */
  steps: number;
  /** A file to which rows are added; those of the same question in it are not made again. */
  out: string | null;
  /** Tells rows of one version of the code from those of another. */
  program: string;
}

/**
 * Compare families of noise that take the same share from the linear attacker: what a decoder trained on each recovers,
 * and what the detector keeps of its average precision. Everything follows from the seeds.
 * @returns the rows that were asked for, also those that were there
 * @throws VeilError `bad_request`, `model_missing`, `model_mismatch`, `not_found`, `bad_image`, `output_unwritable`
 */
export async function compareNoise(comparison: Comparison, progress: Progress): Promise<Row[]> {
  const { images, alphas, families = FAMILIES, seeds, steps, program } = comparison;
  const device: LearningDevice = { providers: ['cpu'], threads: Math.min(availableParallelism(), 8) };
  const model = await loadDetector(comparison.model);
  const rows = await Rows.open(comparison.out);
  const photographs = await readFddb(comparison.labels);
  const about = {
    model: modelRef(model),
    images_sha256: await folderHash(images),
    labels_sha256: await labelsHash(photographs),
    steps
  };
  const questions = Array.from({ length: seeds }, (_, seed) =>
    alphas.flatMap(alpha => families.map((family): Question => ({ ...about, alpha, seed, family })))
  );
  const apart = questions.flat().every(question => rows.of(question))
    ? []
    : await Promise.all(photographs.map(({ path }) => differenceHash(path)));
  let labelled: Labelled | undefined;
  for (const [seed, ofSeed] of questions.entries()) {
    let subject: Subject | undefined;
    for (const question of ofSeed.filter(asked => !rows.of(asked))) {
      labelled ??= await openLabelled(model, photographs, device, progress('labelled photographs', photographs.length));
      const within: Progress = (what, count) => progress(`seed ${seed}: ${what}`, count);
      subject ??= await openSubject({ model, images, seed, apart, device, progress: within });
      const began = performance.now();
      const noise = { family: question.family, alpha: question.alpha, steps };
      const measured = await measure(subject, labelled, noise, (what, count) =>
        progress(`seed ${seed}, ALPHA ${question.alpha}, ${question.family}: ${what}`, count)
      );
      await rows.add({
        schema: 1,
        program,
        question,
        images: { ...countsOf(subject), labelled: photographs.length },
        clean: { linear: subject.clean, ap: labelled.cleanAp },
        ...measured,
        seconds: Math.round((performance.now() - began) / 1000)
      });
    }
  }
  return questions.flat().map(question => rows.of(question)!);
}

function countsOf({ pass: { samples } }: Subject) {
  return { fit: samples.fit.length, select: samples.select.length, held_out: samples.held_out.length };
}

/** SHA-256 over the contents of a folder's photographs, whatever they are called. */
async function folderHash(folder: string): Promise<string> {
  const hashes: string[] = [];
  for (const path of await findPhotographs(folder)) {
    hashes.push(await contentHash(path));
  }
  return createHash('sha256').update(hashes.sort().join('\n')).digest('hex');
}
