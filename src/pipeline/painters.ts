import type { Attacker, PictureKind } from '../protocol';

/** The pictures that an attacker paints of the activation that the tail saw. */
export const PAINTERS = {
  reconstruction: 'adaptive decoder',
  linear_attacker: 'linear attacker',
  naive_viewer: 'naive viewer'
} as const satisfies Partial<Record<PictureKind, Attacker>>;
export type PaintedKind = keyof typeof PAINTERS;
