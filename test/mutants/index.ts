import { conformance } from '../../src/audit/conformance';
import { bundled, RECIPES, specimen, type Recipe, type Specimen } from './artefacts';
import { ACTIVATION_FAULTS } from './faults/activation';
import { ARTEFACT_FAULTS } from './faults/artefact';
import { DISTRIBUTION_FAULTS } from './faults/distribution';
import { EPSILON_FAULTS } from './faults/epsilon';
import { STRENGTH_FAULTS } from './faults/strength';
import { type Mutant } from './mutant';
import { soundSender } from './senders';

export { RECIPES } from './artefacts';
export { checksDigest } from './digest';
export { type Mutant } from './mutant';

export const MUTANTS: readonly Mutant[] = [
  ...EPSILON_FAULTS,
  ...STRENGTH_FAULTS,
  ...DISTRIBUTION_FAULTS,
  ...ACTIVATION_FAULTS,
  ...ARTEFACT_FAULTS
];

/** Faults are planted into noise of this kind, where directions, rings and knots are unlike each other. */
export const PLANTED_IN: Recipe = { seed: 7, shape: [8, 12, 12], scale: 0.4, colour: 1, slope: 1 };

const { signal } = new AbortController();

/** Names of the checks that failed, with their figures. */
export interface Outcome {
  name: string;
  failed: { name: string; detail: string }[];
  seconds: number;
}

export async function audited(
  name: string,
  { obfuscation, samples, model }: Specimen,
  mutant?: Mutant,
  alphas = mutant ? [0.9] : [0.1, 0.9]
): Promise<Outcome> {
  const began = performance.now();
  const sound = await soundSender(obfuscation);
  const planted = mutant ? await mutant.of(sound, obfuscation) : { sender: sound, obfuscation };
  const checks = await conformance({ ...planted, samples, alphas, model, signal }, 'quick');
  await planted.sender.close();
  const failed = checks.filter(({ passed }) => !passed).map(check => ({ name: check.name, detail: check.detail }));
  return { name, failed, seconds: (performance.now() - began) / 1000 };
}

/** The planted faults, one after the other: `failed` names what found each. */
export async function* plantAll(mutants: readonly Mutant[] = MUTANTS, recipe = PLANTED_IN): AsyncGenerator<Outcome> {
  for (const mutant of mutants) {
    const subject = await specimen(recipe);
    try {
      yield await audited(mutant.name, subject, mutant);
    } finally {
      subject.remove();
    }
  }
}

/** Sound artefacts of many kinds: `failed` is to be empty. */
export async function* soundAll(recipes: readonly Recipe[] = RECIPES): AsyncGenerator<Outcome> {
  for (const recipe of recipes) {
    const subject = await specimen(recipe);
    try {
      yield await audited(subject.name, subject);
    } finally {
      subject.remove();
    }
  }
}

/** The artefact that is delivered, at its ends and in the middle. */
export async function* soundBundled(): AsyncGenerator<Outcome> {
  const subject = await bundled();
  const alphas = subject.obfuscation.document.knots.map(({ alpha }) => alpha);
  yield await audited(subject.name, subject, undefined, [alphas[0], alphas[alphas.length >> 1], alphas[alphas.length - 1]]);
}
