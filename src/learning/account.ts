import { gridExponentFor } from '../models/artefact-checks';
import { pack } from '../models/artefact-tensors';
import { type ArtefactDraft } from '../models';
import { nearestPower } from '../models/strength';
import { RINGS } from '../numerics/radial-bins';
import { type Matrix } from '../numerics/symmetric';
import { VERSION, type Knot } from '../protocol';
import { type OnnxModel } from '../models/onnx';
import { strongestR2, type Recovery } from './attacker';
import { Judge, leakageOf, scaled, type CalibratedKnot } from './calibration';
import { NoisyView } from './noisy-view';
import { type Pass } from './pass';
import { type Question } from './question';
import { answersTo, bestOf, compare, networkOf, type Candidate } from './server-side';
import { type Statistics } from './statistics';

/** How often one source is seen, in the table of what is left of ALPHA, and on how many images: each row asks for as many runs again. */
const LOOKS = [1, 4, 16, 64];
const LOOKED_AT = 32;

/** One ALPHA, with everything learned for it. */
export interface KnotAtWork {
  k: number;
  /** What attackers see who average all looks, with their decoders, of all knots; and what one look of this one carries. */
  looked: readonly CalibratedKnot[];
  shipped: Matrix[];
  /** R2 of the strongest attacker on clean activations: on all held-out images, and on those of the looks' table. */
  clean: { all: number; some: number };
  sides: readonly Candidate[];
}

/** The held-out images of the looks' table. */
export const lookedAt = ({ samples }: Pass) => samples.held_out.slice(0, LOOKED_AT);

/** Everything that is said about a knot, measured on photographs that no stage has seen. */
export async function measureKnot(
  pass: Pass,
  statistics: Statistics,
  decoder: OnnxModel,
  { k, looked, shipped, clean, sides }: KnotAtWork
): Promise<Omit<Knot, 'weights'>> {
  const { held_out } = pass.samples;
  const { mode, alphas } = pass.question;
  const judge = await Judge.open(pass, statistics, decoder, looked[k].decoder);
  const recovery = await judge.recover(looked[k].S, held_out);
  await judge.release();
  const measured = 1 - strongestR2(recovery) / clean.all;
  const looks: Knot['looks'] = [];
  for (const count of LOOKS) {
    // Their mean carries so much less noise: the decoder that knows such noise best is let at it.
    const S = scaled(shipped, 1 / count);
    const { bins, channels } = statistics.spectra;
    const knot = nearestPower(
      looked.map(known => known.S),
      S,
      bins.counts,
      channels
    );
    const knowing = await Judge.open(pass, statistics, decoder, looked[knot].decoder);
    const found = await knowing.alphaOf(S, lookedAt(pass), clean.some);
    // Who has more looks may leave some out.
    looks.push({ looks: count, alpha: Math.min(found, looks.at(-1)?.alpha ?? found) });
    await knowing.release();
  }
  const best = bestOf(sides);
  const agreement: Knot['agreement'] = [];
  const view = await NoisyView.open(statistics, shipped, pass.device);
  for (const side of sides) {
    const network = networkOf(pass.tail, statistics, shipped, side.weights);
    const answers = await answersTo(network, pass.task, view, held_out, await pass.normals('measure'), pass.device);
    agreement.push({ server: side.parts, ap: compare(pass.task, held_out, answers).agreement });
  }
  await view.release();
  return {
    alpha: alphas[k],
    measured_alpha: measured,
    ...(mode === 'cloak' && { weight: alphas[k] }),
    leakage: leakageOf(recovery),
    looks,
    agreement,
    server: best.parts
  };
}

/** The artefact's document, less what writing it adds. */
export function draftOf(
  question: Question,
  noise: readonly Matrix[][],
  knots: Omit<Knot, 'weights'>[],
  clean: Recovery,
  seconds: number,
  { spectra, field }: Statistics
): ArtefactDraft {
  const { head, tail } = question.model.manifest;
  return {
    schema: 3 as const,
    kind: 'stationary-gaussian' as const,
    mode: question.mode,
    head_sha256: head.sha256,
    tail_sha256: tail.sha256,
    activation_shape: [...field.shape] as [number, number, number],
    targets: spectra.targets,
    ring_ends: RINGS,
    looks: question.looks,
    grid_exponent: gridExponentFor(pack(noise[0], spectra.channels), spectra.bins.counts, spectra.channels),
    clean: leakageOf(clean),
    knots,
    provenance: {
      created: new Date().toISOString(),
      tool: `veilbook ${VERSION}`,
      seed: question.seed,
      image_source: question.source,
      images_sha256: question.imagesSha256,
      images: countsOf(question),
      seconds: Math.round(seconds)
    }
  };
}

/** Photographs for each purpose. */
export function countsOf({ photographs: { fit, select, held_out } }: Question) {
  return { fit: fit.length, select: select.length, held_out: held_out.length };
}
