import { VeilError, type AttackInput } from '../../protocol';
import { type Attack } from '../attack';
import { type Scene } from '../scene';
import { type Sizes } from '../sizes';
import { adaptive, averaging, naive } from './adaptive';
import { inversion } from './inversion';
import { linear } from './linear';
import { PRIOR } from './prior';

/** What `--attack` may name, beside programs; A0 and A1 are always there: everything is held against them. */
export const NAMES = ['A0', 'A1', 'A2', 'naive', 'A3', 'A4', 'A6'];
const ALWAYS = ['A0', 'A1'];
const QUICK_NAMES = NAMES.filter(name => name !== 'A3');

/**
 * Names of the attacks that run.
 * @param extra names of a stranger's attacks, which all run
 * @throws VeilError `bad_request` for a name that there is not, or not in this effort
 */
export function chosenAttacks(
  effort: 'quick' | 'full',
  wanted: readonly string[] | undefined,
  extra: readonly Attack[]
): ReadonlySet<string> {
  const there = effort === 'quick' ? QUICK_NAMES : NAMES;
  const taken = extra.find(({ name }, i) => NAMES.includes(name) || extra.findIndex(other => other.name === name) < i);
  if (taken) {
    throw new VeilError('bad_request', `There are two attacks named ${taken.name}. Nothing was attacked.`, 'Rename one.');
  }
  const unknown = wanted?.find(name => !there.includes(name));
  if (unknown !== undefined) {
    const why = NAMES.includes(unknown) ? `Attack ${unknown} is not part of a quick audit` : `There is no attack ${unknown}`;
    throw new VeilError('bad_request', `${why}. Nothing was attacked.`, `Choose from ${there.join(', ')}, or add --full.`);
  }
  const named = wanted ?? (extra.length > 0 ? [] : there);
  return new Set([...ALWAYS, ...named, ...extra.map(({ name }) => name)]);
}

/** The attacks that make pictures, in their order: later ones build on earlier ones. */
export function picturing(scene: Scene, names: ReadonlySet<string>, extra: readonly Attack[]): Attack[] {
  const [a1, a2] = [linear(scene), adaptive(scene)];
  const own = [PRIOR, a1, a2, naive(scene), inversion(scene)].filter(({ name }) => names.has(name));
  const averaged = names.has('A4') ? [averaging(a1, scene), averaging(a2, scene)] : [];
  return [...own, ...averaged, ...extra];
}

/** What an attack runs for in this effort: the last of its inputs alone in a quick one. */
export function inputsOf({ inputs }: Attack, effort: 'quick' | 'full'): readonly AttackInput[] {
  return effort === 'quick' && inputs.includes('denoised') ? ['denoised'] : inputs;
}

/** About how many seconds of two cores an attack takes on one ALPHA and input: only proportions matter. */
export function costOf({ name, looks = [1], most = Infinity }: Attack, input: AttackInput, sizes: Sizes): number {
  const images = Math.min(most, sizes.attacked);
  const training = name === 'A2' ? 0.14 * sizes.decoderSteps[input] : 0;
  const sending = looks.length > 1 ? 0.012 * images * Math.max(...looks) : 0;
  const descent = name === 'A3' ? 0.2 * (images + 3) * sizes.inversionSteps : 0;
  return 0.3 + 0.05 * images * looks.length + training + sending + descent;
}

/** The same for all attacks that make pictures, on one ALPHA. */
export function costOfAll(names: ReadonlySet<string>, extra: readonly Attack[], effort: 'quick' | 'full', sizes: Sizes): number {
  // What they are called and do is known before the scene is there, which takes time that is to be told.
  return picturing({ sizes } as Scene, names, extra)
    .flatMap(attack => inputsOf(attack, effort).map(input => costOf(attack, input, sizes)))
    .reduce((sum, cost) => sum + cost, 0);
}
