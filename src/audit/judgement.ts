import { pairedR2Interval, pooledR2 } from '../evaluation';
import { type AuditCheck, type AuditedAlpha, type AuditReport } from '../protocol';
import { type Outcome } from './let-at';

/** What a built-in attack may stay behind A1 on clean activations. */
const BEHIND = 0.03;
const NOTHING = 0.02;
/** Of clean images so many must be told apart. */
const TOLD_APART = 0.95;
/** A violation of monotonicity is more than so many standard errors. */
const SIGMAS = 3;
/** Half a 95 % interval is so many standard errors. */
const HALF = 1.959964;

const isLinear = ({ row }: Outcome): boolean => row.name === 'A1';
const counts = ({ row, errors, illustration }: Outcome): boolean => errors !== null && !illustration && row.looks === 1;

export type Strongest = AuditedAlpha['strongest'] & { shots: Outcome['shots'] };

/**
 * The attack that recovered most from one look. One that was let at fewer images is counted by how far it is ahead of A1
 * on the same ones.
 */
export function strongestOf(outcomes: readonly Outcome[]): Strongest {
  const base = outcomes.find(isLinear)!.errors!;
  const all = pooledR2(base);
  return outcomes
    .filter(outcome => counts(outcome) && !outcome.row.name.startsWith('A4'))
    .map(({ row, errors, shots }) => {
      const shift = all - pooledR2(base.slice(0, errors!.length));
      const ci: [number, number] = [row.ci[0] + shift, row.ci[1] + shift];
      return { name: row.name, input: row.input, r2: row.r2 + shift, ci, shots };
    })
    .reduce((best, next) => (next.r2 > best.r2 ? next : best));
}

/**
 * Controls without which an audit says nothing.
 * @param known R2 of the linear attacker from clean activations that the artefact states
 * @param silent what A1 made of tensors of a sender that adds nothing, taken the way of all others
 */
export function controlsOf(
  clean: readonly Outcome[],
  noisy: readonly (readonly Outcome[])[],
  known: number,
  silent: Outcome
): AuditCheck[] {
  const base = clean.find(isLinear)!;
  const check = (name: string, title: string, passed: boolean, detail: string): AuditCheck => ({ name, title, passed, detail });
  const reaching = clean
    .filter(outcome => outcome.errors && !isLinear(outcome) && outcome.row.name !== 'A0' && isBuiltIn(outcome))
    .map(({ row, errors }) => {
      const bound = pooledR2(base.errors!.slice(0, errors!.length)) - BEHIND;
      const looks = row.looks > 1 ? `, ${row.looks} looks` : '';
      return check(
        `clean ${row.name} ${row.input}${looks}`,
        `${row.title} reaches the linear attack on clean activations (${row.input}${looks})`,
        row.r2 >= bound,
        `R2 ${row.r2.toFixed(3)}, at least ${bound.toFixed(3)}`
      );
    });
  const priors = [clean, ...noisy].map(outcomes => outcomes.find(({ row }) => row.name === 'A0')!.row.r2);
  const furthest = Math.max(...priors.map(Math.abs));
  const told = clean.find(({ row }) => row.reid)?.row.reid;
  const off = Math.abs(silent.row.r2 - base.row.r2);
  return [
    check('prior', 'The mean image recovers nothing', furthest <= NOTHING, `R2 at most ${furthest.toFixed(3)}, bound ${NOTHING}`),
    check(
      'clean A1',
      'The linear attack works on clean activations',
      base.row.r2 >= known / 2,
      `R2 ${base.row.r2.toFixed(3)}, at least half of the artefact's ${known.toFixed(3)}`
    ),
    ...reaching,
    ...(told
      ? [
          check(
            'clean A6',
            'Clean activations are told apart',
            told.top1 >= TOLD_APART,
            `${(100 * told.top1).toFixed(1)}% among ${told.among}, at least ${100 * TOLD_APART}%`
          )
        ]
      : []),
    check(
      'no noise',
      'A sender that adds nothing is seen through as clean activations are',
      off <= NOTHING,
      `R2 ${silent.row.r2.toFixed(3)} against ${base.row.r2.toFixed(3)}, ${NOTHING} apart at most`
    )
  ];
}

const BUILT_IN = ['A2', 'A3', 'A4-A1', 'A4-A2', 'naive'];

function isBuiltIn({ row }: Outcome): boolean {
  return BUILT_IN.includes(row.name);
}

/** Does any attack recover more from a larger ALPHA? Neighbouring ALPHAs are compared, on the same resamples of images. */
export function monotonicity(alphas: readonly number[], noisy: readonly (readonly Outcome[])[]): AuditReport['monotone'] {
  const violations: AuditReport['monotone']['violations'] = [];
  let compared = 0;
  for (let k = 1; k < alphas.length; k++) {
    for (const { row, errors } of noisy[k].filter(counts)) {
      const before = noisy[k - 1].find(
        other => other.row.name === row.name && other.row.input === row.input && other.row.looks === row.looks
      );
      if (!before?.errors || before.errors.length !== errors!.length) {
        continue;
      }
      compared++;
      const more = row.r2 - before.row.r2;
      if (more > 0) {
        const [low, high] = pairedR2Interval([errors!, before.errors], (to, from) => to - from);
        const sigmas = more / Math.max((high - low) / (2 * HALF), 1e-12);
        if (sigmas > SIGMAS) {
          violations.push({ attack: row.name, input: row.input, from: alphas[k - 1], to: alphas[k], sigmas });
        }
      }
    }
  }
  return { compared, violations };
}
