import { noiseSpectrumAt, type Obfuscation } from '../../models';
import { normalsOf, randomOf } from '../../learning/pass';
import { type Sample } from '../../learning/samples';
import { type LearningDevice } from '../../learning/session';
import { type AttackInput, type AuditReport, type AuditRequest } from '../../protocol';
import { type Attack, type Reconstructor } from '../attack';
import { inRange } from '../metrics';
import { NoisyPairs } from '../pairs';
import { cells } from './cells';
import { gaussianFields } from './gaussian-fields';
import { known, type Known } from './population';

export { type Known, type Population } from './population';

/** What is judged. */
export interface CeilingSubject {
  /** The audited artefact: its noise, and the spectra that populations are made after. */
  obfuscation: Obfuscation;
  alphas: readonly number[];
  /** The attacks as they run on photographs, here on a population of made-up images and under its noise. */
  attacks(known: Known): readonly Attack[];
  device: LearningDevice;
  seed: number;
  signal: AbortSignal;
}

/** Images of the attacker's own, and attacked ones, of each population. */
const EFFORTS = { quick: { own: 96, attacked: 12 }, full: { own: 384, attacked: 32 } };

/**
 * How near attacks come to the best possible, where that can be computed: on made-up populations whose Bayes estimate is
 * known, an attack's estimates are held against it, tensor by tensor. What an attack falls short of there it may
 * fall short of on photographs too.
 * @returns a row for each population, ALPHA and attack, of its best input; `optimal_r2` over all of them
 * @throws VeilError as the attacks; the signal's reason
 */
export async function ceilingOf(
  subject: CeilingSubject,
  effort: AuditRequest['effort']
): Promise<NonNullable<AuditReport['ceiling']>> {
  const { obfuscation, seed, device } = subject;
  const { own, attacked } = EFFORTS[effort];
  const random = randomOf(seed);
  const populations = [
    gaussianFields(obfuscation, random('ceiling Gaussian fields')),
    cells(obfuscation, random('ceiling cells'))
  ];
  const rows: NonNullable<AuditReport['ceiling']>['rows'] = [];
  for (const population of populations) {
    const knowledge = await known(population, population.draw(own), device);
    const targets = population.draw(attacked);
    for (const alpha of subject.alphas) {
      rows.push(...(await rowsAt(subject, knowledge, targets, alpha)));
    }
  }
  const optimal = rows.reduce((sum, row) => sum + row.optimal_r2 / rows.length, 0);
  return { population: populations.map(({ name }) => name).join('; '), optimal_r2: optimal, rows };
}

async function rowsAt(
  { attacks, device, seed, signal }: CeilingSubject,
  knowledge: Known,
  attacked: readonly Sample[],
  alpha: number
): Promise<NonNullable<AuditReport['ceiling']>['rows']> {
  const { population, own, statistics } = knowledge;
  const { obfuscation } = population;
  const S = noiseSpectrumAt(obfuscation, alpha);
  const purpose = `ceiling ${population.name} ${alpha}`;
  const normals = await normalsOf(seed)(purpose);
  const pairs = await NoisyPairs.open(statistics, S, obfuscation.step, normals, device);
  try {
    const tensors = await pairs.draw(attacked, 'raw');
    const best = population.best(S);
    const bests = tensors.map(({ z }) => best(z));
    const { mean } = population;
    const explained = sumOver(bests, estimate => squares(estimate, mean));
    const optimal = explained / sumOver(tensors, ({ target }) => squares(target, mean));
    // E|y - e|^2 = E|y - E[y|z]|^2 + E|e - E[y|z]|^2: what an attack falls short is its distance from the best estimate, and
    // does not waver with the images.
    const shareOf = (estimates: readonly Float32Array[]) =>
      1 - sumOver(estimates, (estimate, i) => squares(inRange(estimate), bests[i])) / explained;
    const rows = [];
    for (const attack of attacks(knowledge)) {
      let share = -Infinity;
      for (const input of attack.inputs) {
        signal.throwIfAborted();
        const learned = await attack.learn(
          {
            alpha,
            noise: S,
            statistics,
            images: own,
            device,
            random: randomOf(seed)(`${purpose} ${attack.name} ${input}`),
            normals: await normalsOf(seed)(`${purpose} ${attack.name} ${input}`),
            keep: (_, make) => make(),
            progress: () => signal.throwIfAborted(),
            signal
          },
          pairs,
          input
        );
        try {
          const shown = attack.preparesInput ? tensors.map(({ z }) => z) : await prepared(pairs, tensors, input);
          share = Math.max(share, shareOf(await reconstructed(learned, shown)));
        } finally {
          await learned.close();
        }
      }
      rows.push({ alpha, optimal_r2: optimal, attack: `${attack.name} on ${population.name}`, r2: share * optimal, share });
    }
    return rows;
  } finally {
    await pairs.release();
  }
}

async function prepared(pairs: NoisyPairs, tensors: readonly { z: Float32Array }[], input: AttackInput): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  for (const { z } of tensors) {
    all.push(await pairs.prepare(z, input));
  }
  return all;
}

async function reconstructed(learned: Reconstructor, z: readonly Float32Array[]): Promise<Float32Array[]> {
  if (learned.reconstructAll) {
    return learned.reconstructAll(z, 1);
  }
  const all: Float32Array[] = [];
  for (const tensor of z) {
    all.push(await learned.reconstruct(tensor, 1));
  }
  return all;
}

function sumOver<T>(values: readonly T[], of: (value: T, i: number) => number): number {
  return values.reduce((sum, value, i) => sum + of(value, i), 0);
}

/** |a - b|^2. */
function squares(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += (a[i] - b[i]) ** 2;
  }
  return sum;
}
