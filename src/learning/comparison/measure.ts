import { FULL } from '../effort';
import { pooledR2, pooledR2Interval, retainedAp } from '../../evaluation';
import { dot } from '../../numerics/matrix';
import { type Matrix } from '../../numerics/symmetric';
import { Attackers, AttackedView, trainDecoder, type Recovery } from '../attacker';
import { scaled } from '../calibration';
import { leakage } from '../leakage';
import { type Weights } from '../../models';
import { NoisyView } from '../noisy-view';
import { answersTo, compare, networkOf, serverSides, ticksAKnot } from '../server-side';
import { spectrumOf, type Family } from './families';
import { type Labelled } from './labelled';
import { type Row } from './row';
import { type Progress, type Subject } from './subject';

/** What is said of one noise. Families of a seed meet the same initial weights, batches and white noise. */
export type Measured = Pick<Row, 'cost' | 'linear' | 'decoder' | 'sides'>;

/** @param steps of the training of the adaptive decoder */
export async function measure(
  subject: Subject,
  labelled: Labelled,
  noise: { family: Family; alpha: number; steps: number },
  progress: Progress
): Promise<Measured> {
  const { statistics, known } = subject;
  const { family, alpha, steps } = noise;
  const S = await spectrumOf(family, known, alpha);
  const recovery = await attack(subject, S, steps, progress);
  return {
    cost: S.reduce((sum, matrix, bin) => sum + statistics.spectra.bins.counts[bin] * dot(known.G[bin], matrix), 0),
    linear: { fit: leakage(statistics.spectra, S), held_out: pooledR2(recovery.linear) },
    decoder: {
      r2: pooledR2(recovery.decoder),
      interval: pooledR2Interval(recovery.decoder),
      detail: pooledR2(recovery.detail)
    },
    sides: await serve(subject, labelled, S, progress)
  };
}

/**
 * From little noise to all of it, as shares of S and of the steps: a decoder that meets strong noise first learns hardly more
 * than the linear attacker knows.
 */
const CURRICULUM = [
  { noise: 1 / 16, steps: 0.25 },
  { noise: 1 / 4, steps: 0.25 },
  { noise: 1, steps: 0.5 }
];

/** A decoder trained on this noise alone, let at photographs it has not seen. */
async function attack({ pass, statistics, decoder }: Subject, S: Matrix[], steps: number, progress: Progress): Promise<Recovery> {
  const { samples, device } = pass;
  const seen = progress('attack', steps);
  let weights: Weights | undefined;
  for (const lesson of CURRICULUM) {
    const view = await AttackedView.open(statistics, scaled(S, lesson.noise), device);
    const training = {
      statistics,
      samples: samples.fit,
      views: [view],
      steps: Math.round(lesson.steps * steps),
      random: pass.random(`attacker ${lesson.noise}`),
      normals: await pass.normals(`attacker ${lesson.noise}`),
      device,
      seen
    };
    weights = await trainDecoder(decoder, training, weights);
    await view.release();
  }
  const view = await AttackedView.open(statistics, S, device);
  const attackers = await Attackers.open(decoder, weights!, statistics, device);
  const recovery = await attackers.recover(view, samples.held_out, await pass.normals('measure'));
  await attackers.release();
  await view.release();
  return recovery;
}

/** Each side of the server, learned without labels, on the labelled photographs. */
async function serve({ pass, statistics }: Subject, labelled: Labelled, S: Matrix[], progress: Progress): Promise<Row['sides']> {
  const { tail, task, samples, device } = pass;
  const tried = await serverSides(S, null, {
    tail,
    task,
    statistics,
    fit: samples.fit,
    select: samples.select,
    random: pass.random('server'),
    normals: await pass.normals('server'),
    device,
    effort: FULL,
    seen: progress('server', ticksAKnot(FULL))
  });
  const seen = progress('precision', tried.length);
  const view = await NoisyView.open(statistics, S, device);
  const sides: Row['sides'] = [];
  for (const { parts, weights } of tried) {
    const network = networkOf(tail, statistics, S, weights);
    const answers = await answersTo(network, task, view, labelled.samples, await pass.normals('precision'), device);
    const { retained, interval, noisy } = retainedAp(labelled.clean, labelled.scored(answers));
    sides.push({ parts, ap: noisy, retained, interval, agreement: compare(task, labelled.samples, answers).agreement });
    seen();
  }
  await view.release();
  return sides;
}
