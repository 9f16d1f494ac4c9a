import { basename } from 'node:path';
import { assemble, type SquaredError } from '../evaluation';
import { encodePicture } from '../pipeline/codec';
import { type AttackInput, type AttackResult, type AuditReport } from '../protocol';
import { type Attack, type Knowledge } from './attack';
import { imageR2, inRange, measure, type Judge, type Score } from './metrics';
import { NoisyPairs } from './pairs';
import { spectrumOf, type Scene } from './scene';
import { type SentTensors } from './tensors';

/** A picture most was recovered of. */
export type Shot = Omit<AuditReport['sheet'][number], 'alpha' | 'attack'>;

/** One row of the report, and what is needed to compare it with others. Plain data. */
export interface Outcome {
  row: AttackResult;
  /** Of the first images, in their order; null where the attack makes no picture. */
  errors: SquaredError[] | null;
  shots: Shot[];
  illustration: boolean;
}

/** Train an attack for one strength and input, and let it at what was sent. */
export async function letAt(
  scene: Scene,
  judge: Judge,
  { attack, input, alpha }: { attack: Attack; input: AttackInput; alpha: number | null },
  sent: SentTensors,
  hooks: { progress(share: number): void; signal: AbortSignal }
): Promise<Outcome[]> {
  const { statistics, device, own, attacked, sizes, obfuscation, finished } = scene;
  const began = performance.now();
  const purpose = `${attack.name} ${input} ${alpha}`;
  const S = spectrumOf(scene, alpha);
  const pairs = await NoisyPairs.open(statistics, S, obfuscation.step, await scene.normals(`${purpose} pairs`), device);
  const knowledge: Knowledge = {
    alpha,
    noise: S,
    statistics,
    images: own,
    device,
    random: scene.random(purpose),
    normals: await scene.normals(purpose),
    keep: (name, make) => finished.keep({ attack: attack.name, version: attack.version, input, alpha, kept: name }, make),
    // Learning is most of it.
    progress: share => hooks.progress(0.7 * share),
    signal: hooks.signal
  };
  const reconstructor = await attack.learn(knowledge, pairs, input);
  const outcomes: Outcome[] = [];
  try {
    const count = Math.min(attack.most ?? Infinity, attacked.length);
    const looks = attack.looks ?? [1];
    const means = looks.length > 1 ? await sent.mean(count, looks, share => hooks.progress(0.7 + 0.15 * share)) : null;
    for (const so of looks) {
      const left = means?.get(so) ?? (await sent.first(count, () => hooks.progress(0.72)));
      const z: Float32Array[] = [];
      for (const tensor of left) {
        z.push(attack.preparesInput ? tensor : await pairs.prepare(tensor, input));
      }
      const whole = await reconstructor.reconstructAll?.(z, so);
      const scores: Score[] = [];
      const estimates: Float32Array[] = [];
      for (let i = 0; i < z.length; i++) {
        estimates.push(checked(attack, whole ? whole[i] : await reconstructor.reconstruct(z[i], so), attacked[i].target.length));
        scores.push(judge.score(i, estimates[i]));
        hooks.progress(0.85 + (0.15 * (i + 1)) / z.length);
      }
      const order = scores.map((_, i) => i).sort((a, b) => imageR2(scores[b]) - imageR2(scores[a]));
      outcomes.push({
        row: {
          name: attack.name,
          title: attack.title,
          input,
          looks: so,
          ...measure(scores),
          reid: null,
          worst_image: basename(attacked[order[0]].path),
          training: reconstructor.training,
          seconds: (performance.now() - began) / 1000
        },
        errors: scores.map(({ error }) => error),
        shots: await Promise.all(order.slice(0, sizes.shown).map(i => shoot(scene, i, estimates[i], imageR2(scores[i])))),
        illustration: attack.illustration === true
      });
    }
  } finally {
    await reconstructor.close();
    await pairs.release();
  }
  return outcomes;
}

/** @throws RangeError for what is no picture: a stranger's attack may give anything */
function checked({ name }: Attack, estimate: Float32Array | undefined, length: number): Float32Array {
  if (!(estimate instanceof Float32Array) || estimate.length !== length || !estimate.every(Number.isFinite)) {
    throw new RangeError(`Attack ${name} gave no estimate of ${length} finite values for one of the images.`);
  }
  return estimate;
}

async function shoot({ attacked, statistics }: Scene, i: number, estimate: Float32Array, r2: number): Promise<Shot> {
  const [, height, width] = statistics.field.shape;
  const png = async (field: Float32Array): Promise<string> => {
    const { rgb, ...size } = assemble(inRange(field), { height, width });
    const data = Uint8Array.from(rgb, value => Math.round(255 * value));
    return Buffer.from((await encodePicture({ kind: 'pixels', data, ...size, order: 'rgb' }, 'png')).data).toString('base64');
  };
  const { path, target } = attacked[i];
  return { image: basename(path), r2, original: await png(target), recovered: await png(estimate) };
}
