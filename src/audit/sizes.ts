import { type AttackInput } from '../protocol';

/** How much an audit does. */
export interface Sizes {
  /** Images: the attacker's own, and attacked ones. */
  own: number;
  attacked: number;
  /** Re-identification picks among so many at most. */
  gallery: number;
  /** Training steps of the decoder for one ALPHA alone, by input. */
  decoderSteps: Record<AttackInput, number>;
  /** Images that are attacked by averaging and by inversion, and steps of the latter. */
  averaged: number;
  inverted: number;
  inversionSteps: number;
  /** Of the checks of what leaves; null: what leaves is not looked at. */
  conformance: 'quick' | 'full' | null;
  /** Training steps of the decoder on each population of made-up images and ALPHA; 0: none are made up. */
  ceilingSteps: number;
  /** Images of the worst that a report shows for each ALPHA. */
  shown: number;
}

/** Fewer images say nothing. */
export const LEAST = { own: 32, attacked: 16 };

/** At most three minutes on two cores of 2 GHz for eight ALPHAs. */
export const QUICK: Sizes = {
  own: 160,
  attacked: 48,
  gallery: 1000,
  decoderSteps: { raw: 0, whitened: 0, denoised: 0 },
  averaged: 6,
  inverted: 0,
  inversionSteps: 0,
  conformance: 'quick',
  ceilingSteps: 0,
  shown: 3
};

/** At most 45 minutes. */
export const FULL: Sizes = {
  own: 640,
  attacked: 100,
  gallery: 1000,
  decoderSteps: { raw: 150, whitened: 150, denoised: 800 },
  averaged: 24,
  inverted: 8,
  inversionSteps: 30,
  conformance: 'full',
  ceilingSteps: 150,
  shown: 3
};
