import { type AttackInput, type AttackResult } from '../protocol';
import { type Statistics } from '../learning/statistics';
import { type NoiseSpectrum } from '../learning/leakage';
import { type LearningDevice } from '../learning/session';
import { type Normals } from '../learning/normals';
import { type Random } from '../numerics/random';
import { type Sample } from '../learning/samples';

/** Everything the attacker is taken to know: model, artefact, ALPHA, and images of the same kind. Not the key. */
export interface Knowledge {
  /** Null: clean activations, as a control. */
  alpha: number | null;
  /** Density of the noise by radial bin, [C,C] each; null where there is none. */
  noise: NoiseSpectrum | null;
  /** Second-order statistics of the attacker's own images. */
  statistics: Statistics;
  /** Images of the attacker's own, none of them or of their sources attacked. */
  images: readonly Sample[];
  device: LearningDevice;
  random: Random;
  normals: Normals;
  /**
   * A result (plain data and typed arrays) that an audit which was stopped need not make again.
   * @param name of it, among those of this ALPHA
   */
  keep<T>(name: string, make: () => Promise<T>): Promise<T>;
  /** @param share of this attack's work that is done, 0…1 */
  progress(share: number): void;
  signal: AbortSignal;
}

/** Noisy tensors of the attacker's own images, with fresh noise at every call. */
export interface Pairs {
  /**
   * @returns for each sample `z` [C,H,W] as `input` says, and `target` [T,H,W] in 0…1: 4x4 RGB means of each cell
   */
  draw(samples: readonly Sample[], input: AttackInput): Promise<{ z: Float32Array; target: Float32Array }[]>;
}

/** What was learned: turns a tensor into a picture. */
export interface Reconstructor {
  /**
   * @param z [C,H,W], as the attack's `input` says; for more looks than one their mean
   * @param looks so many tensors with fresh noise were averaged
   * @returns [T,H,W] in 0…1
   */
  reconstruct(z: Float32Array, looks: number): Promise<Float32Array>;
  /** The same of all tensors at once, where that is cheaper; it is then asked in place of `reconstruct`. */
  reconstructAll?(z: readonly Float32Array[], looks: number): Promise<Float32Array[]>;
  training: AttackResult['training'];
  close(): Promise<void>;
}

/**
 * An attack that reconstructs pictures. A stranger's plugs in by the same interface, or as a program of any language:
 * docs/audit.md, "An attack of your own".
 */
export interface Attack {
  /** Short and stable, as A2. */
  readonly name: string;
  readonly title: string;
  /** It runs for each. */
  readonly inputs: readonly AttackInput[];
  /** Part of a quick audit too. */
  readonly quick: boolean;
  /** It is given tensors as they left whatever its input, and makes its input of them itself. */
  readonly preparesInput?: boolean;
  /** Numbers of tensors of each image whose mean it is shown; one if not said. */
  readonly looks?: readonly number[];
  /** It is let at so many of the attacked images, all if not said. */
  readonly most?: number;
  /** Changes when the attack does: results that are kept are those of one version. */
  readonly version?: string;
  /** It shows something and is no evidence: never the strongest. */
  readonly illustration?: boolean;
  learn(knowledge: Knowledge, pairs: Pairs, input: AttackInput): Promise<Reconstructor>;
}
