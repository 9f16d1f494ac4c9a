import { createHash } from 'node:crypto';
import { env } from 'onnxruntime-node';
import { modelRef } from '../models';
import {
  VERSION,
  type AttackInput,
  type AuditCheck,
  type AuditedAlpha,
  type AuditProgress,
  type AuditReport,
  type AuditRequest
} from '../protocol';
import { chosenAttacks, costOf, costOfAll, inputsOf, picturing } from './attacks';
import { adaptive } from './attacks/adaptive';
import { linear } from './attacks/linear';
import { reidentify } from './attacks/reidentification';
import { type Attack } from './attack';
import { bitsPerLook } from './bits';
import { ceilingOf, type CeilingSubject } from './ceiling';
import { conformance } from './conformance';
import { controlsOf, monotonicity, strongestOf } from './judgement';
import { letAt, type Outcome } from './let-at';
import { Judge } from './metrics';
import { Pace, stopped } from './pace';
import { productSender } from './product-sender';
import { OWN_TEST } from './own-test';
import { Finished } from './resume';
import { openScene, readQuestion, type Scene } from './scene';
import { type Sender } from './sender';
import { FULL, QUICK, type Sizes } from './sizes';
import { SentTensors } from './tensors';

export interface AuditHooks {
  progress(progress: AuditProgress): void;
  /** Ends the audit; what was finished stays in `out` for the next one of the same request. */
  signal: AbortSignal;
  /** In the place of the product's own: what it gives is never kept. */
  sender?: Sender;
  /** In the place of those of the effort. */
  sizes?: Partial<Sizes>;
  /** A stranger's. */
  extraAttacks?: readonly Attack[];
}

/** Seconds of two cores for each image's activation and for each candidate of a re-identification. */
const IMAGE_COST = 0.09;
const CANDIDATE_COST = 0.02;
const CONFORMANCE_COST = { quick: 30, full: 240 };
const CEILING_COST = { quick: 0, full: 180 };

/**
 * Audit a model's obfuscation: let attackers who know model, artefact and ALPHA at what is sent, and report what the
 * strongest gets. The same request gives the same figures of all attacks: the keys of the noise that they meet follow from
 * the seed. The checks of what leaves meet keys as runs in use draw them.
 * @throws VeilError `bad_request`, `bad_alpha`, `model_missing`, `model_mismatch`, `artefact_missing`,
 *   `artefact_mismatch`, `not_found`, `bad_image`, `device_unavailable`, `output_unwritable`, `cancelled`
 */
export async function auditModel(request: AuditRequest, hooks: AuditHooks): Promise<AuditReport> {
  try {
    return await auditWhole(request, hooks);
  } catch (thrown) {
    throw hooks.signal.aborted ? stopped() : thrown;
  }
}

async function auditWhole(request: AuditRequest, hooks: AuditHooks): Promise<AuditReport> {
  const began = performance.now();
  const { effort } = request;
  const sizes = { ...(effort === 'quick' ? QUICK : FULL), ...hooks.sizes };
  const extra = hooks.extraAttacks ?? [];
  const names = chosenAttacks(effort, request.attacks, extra);
  const question = await readQuestion(request, sizes);
  const { own, attacked } = question.parts;
  const images = own.length + attacked.length;
  const reidCost = names.has('A6') ? CANDIDATE_COST * Math.min(images, sizes.gallery) + 1 : 0;
  const strengths = [null, ...question.alphas];

  const preparing = IMAGE_COST * images;
  const total =
    preparing +
    strengths.length * (costOfAll(names, extra, effort, sizes) + reidCost) +
    CONFORMANCE_COST[effort] +
    CEILING_COST[effort];
  const pace = new Pace(total, hooks.progress, hooks.signal);
  pace.enter('prepare', null, preparing);
  let seen = 0;
  const out = hooks.sender ? null : (request.out ?? null);
  const scene = await openScene(question, request, sizes, out, () => pace.at(++seen / images));
  const [, height, width] = scene.statistics.field.shape;
  const judge = new Judge(scene.attacked, scene.statistics.kept.target_mean, { height, width });
  const sender = hooks.sender ?? productSender(scene.model, keyOf(request.seed));

  const perStrength: Outcome[][] = [];
  for (const alpha of strengths) {
    const sent = new SentTensors(sender, scene.attacked, alpha);
    const outcomes: Outcome[] = [];
    const part = async (name: string, cost: number, key: unknown, make: () => Promise<Outcome[]>) => {
      pace.enter(alpha === null ? 'clean' : name, alpha, cost);
      if (await scene.finished.has(key)) {
        pace.skip();
      }
      outcomes.push(...(await scene.finished.keep(key, make)));
    };
    for (const attack of picturing(scene, names, extra)) {
      for (const input of inputsOf(attack, effort)) {
        const key = { attack: attack.name, version: attack.version, input, alpha };
        const at = { progress: (share: number) => pace.at(share), signal: hooks.signal };
        await part(attack.name, costOf(attack, input, sizes), key, () => letAt(scene, judge, { attack, input, alpha }, sent, at));
      }
    }
    if (names.has('A6')) {
      await part('A6', reidCost, { attack: 'A6', alpha }, async () => [
        await identified(scene, alpha, sent, share => pace.at(share))
      ]);
    }
    perStrength.push(outcomes);
  }
  const [clean, ...noisy] = perStrength;
  const silent = await silently(scene, judge, hooks.signal);
  const whole = strongestOf(clean).r2;
  const strongest = noisy.map(strongestOf);
  const controls = controlsOf(clean, noisy, scene.obfuscation.document.clean.linear.r2, silent);
  pace.enter('conformance', null, CONFORMANCE_COST[effort]);
  const leaving = await checkWhatLeaves(scene, hooks);
  pace.at(1);
  pace.enter('ceiling', null, CEILING_COST[effort]);
  const ceiling = sizes.ceilingSteps > 0 && !hooks.sender ? await bestPossible(scene, hooks.signal) : null;
  pace.at(1);
  if (!hooks.sender) {
    await sender.close();
  }
  const { document, sha256 } = scene.obfuscation;
  return {
    schema: 1,
    created: new Date().toISOString(),
    tool: `veilbook ${VERSION}`,
    effort,
    seed: request.seed,
    artefact: { sha256, mode: document.mode, created: document.provenance.created, looks: document.looks },
    model: modelRef(scene.model),
    images: scene.images,
    clean: clean.map(({ row }) => row),
    alphas: scene.alphas.map((alpha, k): AuditedAlpha => ({
      alpha,
      attacks: noisy[k].map(({ row }) => row),
      strongest: { name: strongest[k].name, input: strongest[k].input, r2: strongest[k].r2, ci: strongest[k].ci },
      alpha_certified: 1 - strongest[k].r2 / whole,
      bits: bitsPerLook(scene.obfuscation, scene.statistics, alpha)
    })),
    controls,
    conformance: leaving,
    monotone: monotonicity(scene.alphas, noisy),
    own_test: OWN_TEST,
    accuracy: document.knots.map(({ alpha, agreement, server }) => ({
      alpha,
      agreement: agreement.find(tried => tried.server.join() === server.join())!.ap
    })),
    ceiling,
    sheet: scene.alphas.flatMap((alpha, k) => strongest[k].shots.map(shot => ({ alpha, attack: strongest[k].name, ...shot }))),
    versions: versions(),
    seconds: (performance.now() - began) / 1000,
    verdict: verdictOf(controls, leaving)
  };
}

async function checkWhatLeaves(
  { model, obfuscation, alphas, own, sizes }: Scene,
  { sender: given, signal }: AuditHooks
): Promise<AuditCheck[]> {
  if (sizes.conformance === null) {
    return [];
  }
  const sender = given ?? productSender(model);
  const checks = await conformance({ sender, obfuscation, samples: own, alphas, model, signal }, sizes.conformance);
  if (!given) {
    await sender.close();
  }
  return checks;
}

/** How near A1 and A2 come to the best possible on made-up images: at the weakest ALPHA, in the middle, at the strongest. */
async function bestPossible(scene: Scene, signal: AbortSignal): Promise<AuditReport['ceiling']> {
  const { obfuscation, alphas, device, seed } = scene;
  const some = [alphas[0], alphas[alphas.length >> 1], alphas[alphas.length - 1]];
  const attacks: CeilingSubject['attacks'] = ({ population, own, statistics }) => {
    const sizes = { ...scene.sizes, decoderSteps: { ...scene.sizes.decoderSteps, denoised: scene.sizes.ceilingSteps } };
    // Nothing that was learned on photographs, or on another population, may be taken for these.
    const here = { ...scene, obfuscation: population.obfuscation, own: [...own], statistics, sizes, finished: Finished.none() };
    return [linear(here), { ...adaptive(here), inputs: ['denoised'] }];
  };
  return ceilingOf({ obfuscation, alphas: [...new Set(some)], attacks, device, seed, signal }, 'full');
}

/** Void comes first: without its controls an audit cannot say that anything is unsound. */
export function verdictOf(controls: readonly AuditCheck[], conformance: readonly AuditCheck[]): AuditReport['verdict'] {
  return controls.some(({ passed }) => !passed) ? 'void' : conformance.some(({ passed }) => !passed) ? 'unsound' : 'valid';
}

function keyOf(seed: number): Uint8Array {
  return createHash('sha256').update(`veilbook audit ${seed}`).digest();
}

async function identified(
  scene: Scene,
  alpha: number | null,
  sent: SentTensors,
  progress: (share: number) => void
): Promise<Outcome> {
  const began = performance.now();
  const reid = await reidentify(scene, alpha, await sent.first(scene.attacked.length), progress);
  const input: AttackInput = 'raw';
  return {
    row: {
      name: 'A6',
      title: 're-identification',
      input,
      looks: 1,
      r2: 0,
      ci: [0, 0],
      metrics: null,
      reid,
      worst_image: null,
      training: null,
      seconds: (performance.now() - began) / 1000
    },
    errors: null,
    shots: [],
    illustration: false
  };
}

/** A1 for clean activations, let at a sender that adds nothing. */
async function silently(scene: Scene, judge: Judge, signal: AbortSignal): Promise<Outcome> {
  const adds: Sender = { send: async z => z.slice(), restart: async () => adds, close: async () => undefined };
  const tensors = new SentTensors(adds, scene.attacked, scene.alphas[0]);
  const attack = linear(scene);
  const hooks = { progress: () => undefined, signal };
  return (await letAt(scene, judge, { attack, input: 'raw', alpha: null }, tensors, hooks))[0];
}

function versions(): Record<string, string> {
  return { veilbook: VERSION, node: process.versions.node, onnxruntime: env.versions.node ?? env.versions.common };
}
