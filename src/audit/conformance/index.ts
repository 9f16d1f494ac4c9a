import { type AuditCheck, type AuditRequest } from '../../protocol';
import { type Check, type Draws, type Subject } from './check';
import { activation } from './checks/activation';
import { artefact } from './checks/artefact';
import { covariance } from './checks/covariance';
import { directions } from './checks/directions';
import { distribution } from './checks/distribution';
import { fresh } from './checks/fresh';
import { grid } from './checks/grid';
import { mean } from './checks/mean';
import { neighbours } from './checks/neighbours';
import { order } from './checks/order';
import { positions } from './checks/positions';
import { power } from './checks/power';
import { range } from './checks/range';
import { refusals } from './checks/refusals';
import { repeats } from './checks/repeats';
import { resend } from './checks/resend';
import { series } from './checks/series';
import { spectrum } from './checks/spectrum';
import { strengths } from './checks/strengths';
import { within } from './checks/within';
import { Declared } from './declared';
import { Evidence, FALSE_ALARM } from './evidence';
import { observe, Strength, type Tensor } from './observe';
import { variant } from './variants';

export { FALSE_ALARM } from './evidence';
export { type Subject } from './check';

/** In the order of the report: the artefact itself, what is asked of the sender, what its tensors look like. */
const CHECKS: readonly ((subject: Subject) => Check)[] = [
  artefact,
  order,
  resend,
  neighbours,
  fresh,
  strengths,
  repeats,
  power,
  spectrum,
  directions,
  covariance,
  positions,
  mean,
  distribution,
  series,
  within,
  activation,
  grid,
  range,
  refusals
];

/** Values that are drawn at each ALPHA, and in how many tensors at least and at most. */
const EFFORTS = {
  quick: { values: 2 ** 20, least: 24, most: 96, lives: 6, repeats: 1024 },
  full: { values: 2 ** 23, least: 96, most: 768, lives: 16, repeats: 4096 }
};

/**
 * Whether what a sender lets out is what its artefact declares: it is sent activations and its tensors are weighed, nothing
 * of it is looked into. A sound sender fails any of the checks with a chance below `FALSE_ALARM`; one check that fails
 * makes what leaves something else than what was measured.
 * @throws VeilError as the sender; the signal's reason
 */
export async function conformance(subject: Subject, effort: AuditRequest['effort']): Promise<AuditCheck[]> {
  const draws = drawsOf(subject, effort);
  const checks = CHECKS.map(of => ({ check: of(subject), evidence: new Evidence() }));
  // What goes wrong on the way is a finding of the check, not the end of all others.
  const weigh = async (evidence: Evidence, work: () => void | Promise<void>) => {
    subject.signal.throwIfAborted();
    try {
      await work();
    } catch (thrown) {
      subject.signal.throwIfAborted();
      evidence.certain(false, () => `it broke off: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  };
  for (const { check, evidence } of checks) {
    await weigh(evidence, async () => check.probe?.(subject, draws, evidence));
  }
  const lives = await reborn(subject, draws.lives);
  try {
    for (const alpha of strengthsOf(subject)) {
      const seen = await seenAt(subject, alpha, draws, lives).catch((thrown: unknown) => thrown);
      for (const { check, evidence } of checks.filter(({ check: { examine } }) => examine)) {
        await weigh(evidence, () => {
          if (!(seen instanceof Strength)) {
            throw seen;
          }
          check.examine!(seen, evidence);
        });
      }
    }
  } finally {
    await Promise.all(lives.map(life => life.close()));
  }
  return checks.map(({ check: { name, title }, evidence }) => evidence.verdict(name, title, FALSE_ALARM / checks.length));
}

function drawsOf({ obfuscation }: Subject, effort: AuditRequest['effort']): Draws {
  const { values, least, most, lives, repeats: many } = EFFORTS[effort];
  const size = obfuscation.document.activation_shape.reduce((a, b) => a * b);
  return { images: Math.min(most, Math.max(least, Math.ceil(values / size))), lives, repeats: many };
}

/** Those asked for, and one between two knots, where noise is interpolated. */
function strengthsOf({ alphas, obfuscation }: Subject): number[] {
  const knots = obfuscation.document.knots.map(({ alpha }) => alpha);
  const middle = Math.floor(knots.length / 2);
  const between = knots.length > 1 ? [(knots[middle - 1] + knots[middle]) / 2] : [];
  return [...new Set([...alphas, ...between])].sort((a, b) => a - b);
}

/** Half of the lives begin at once, within one tick of a clock, the others one after the other. */
async function reborn({ sender }: Subject, count: number) {
  const together = await Promise.all(Array.from({ length: Math.ceil(count / 2) }, () => sender.restart()));
  const lives = [...together];
  while (lives.length < count) {
    lives.push(await lives[lives.length - 1].restart());
  }
  return lives;
}

async function seenAt(
  { sender, obfuscation, samples, signal }: Subject,
  alpha: number,
  draws: Draws,
  lives: Awaited<ReturnType<typeof reborn>>
): Promise<Strength> {
  const declared = new Declared(obfuscation, alpha);
  const images: Tensor[] = [];
  for (let k = 0; k < draws.images; k++) {
    signal.throwIfAborted();
    const sample = { ...samples[k % samples.length], activation: variant(obfuscation, samples, k) };
    images.push(await observe(sender, declared, sample, `image ${k}`));
  }
  const again: Tensor[] = [];
  for (const [k, life] of lives.entries()) {
    signal.throwIfAborted();
    again.push(await observe(life, declared, samples[0], `life ${k + 1}`));
  }
  return new Strength(declared, images, again);
}
