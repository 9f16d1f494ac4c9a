import { type LoadedModel, type Obfuscation } from '../../models';
import { type Sample } from '../../learning/samples';
import { type Sender } from '../sender';
import { type Evidence } from './evidence';
import { type Strength } from './observe';

/** What is checked: a sender, and the artefact it is held to. */
export interface Subject {
  sender: Sender;
  /** The declared artefact, as it was read. */
  obfuscation: Obfuscation;
  /** Clean activations of the head, at least one. */
  samples: readonly Pick<Sample, 'activation' | 'target'>[];
  /** Strengths to check, within the artefact's knots. */
  alphas: readonly number[];
  /** Whose artefact it is; without it, only the artefact's own files are checked. */
  model?: Pick<LoadedModel, 'dir' | 'manifest'>;
  signal: AbortSignal;
}

/** How much is drawn. */
export interface Draws {
  /** Tensors of distinct activations at each ALPHA. */
  images: number;
  /** Lives of the sender. */
  lives: number;
  /** Tensors in all in which noise that was there before is looked for. */
  repeats: number;
}

/** Made anew for each run: it may keep what it has seen at one ALPHA for the next. */
export interface Check {
  /** Short and stable. */
  name: string;
  /** What a sound sender does. */
  title: string;
  /** Hold what left at one ALPHA against what was declared. */
  examine?(seen: Strength, evidence: Evidence): void;
  /** Ask the sender something of its own. */
  probe?(subject: Subject, draws: Draws, evidence: Evidence): Promise<void>;
}
