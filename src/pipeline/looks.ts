import { alphaAfterLooks } from '../models';
import { hashDistance, NEAR } from '../numerics/difference-hash';
import type { Looks } from '../protocol';
import type { Look, SourceHashes } from './look-signature';

interface Source {
  artefact: string;
  /** Of its first look that had one: whatever drifts further from it than `NEAR` bits is another source. */
  frame: Uint32Array | null;
  /** The same of the activation. */
  activation: Uint32Array;
  count: number;
  /** Of its looks. */
  weakest: number;
}

export interface LookLimits {
  /** Sources that are remembered. */
  sources?: number;
  /** Tensors that are remembered, of all sources together. */
  tensors?: number;
}

/**
 * How often each source was seen with fresh noise in this process life: what averages over the looks takes from ALPHA.
 *
 * Looks of one source are distinct tensors of frames, or of activations, of which one hash lies within `NEAR` bits of its first
 * look's, under one artefact: a frame is known by both, so that `detect` and `forwardNoise` of one picture count together. It counts on the careful side where it can: pictures without structure all count as one
 * source, and a tensor that was forgotten and comes again counts again. What it cannot see it undercounts: a source that
 * was not seen for longer than it remembers, one that moved or was cut otherwise, looks in another process life.
 *
 * Memory is bounded, nothing is written; of a source it keeps two hashes of 32 bytes, of a tensor a digest.
 */
export class LookCounter {
  /** Least recently seen first. */
  private readonly sources = new Set<Source>();
  /** Least recently made first. */
  private readonly tensors = new Map<string, Source>();
  private readonly limits: Required<LookLimits>;

  constructor({ sources = 4096, tensors = 16384 }: LookLimits = {}) {
    this.limits = { sources, tensors };
  }

  /** How many sources are remembered. */
  get size(): number {
    return this.sources.size;
  }

  /** Count a look; a tensor that is known is none. */
  count(look: Look): Looks {
    const known = this.tensors.get(look.tensor);
    const source = known ?? this.sourceOf(look);
    if (!known) {
      source.count += 1;
      source.weakest = Math.min(source.weakest, look.alpha);
    }
    renew(this.tensors, look.tensor, source, this.limits.tensors);
    this.sources.delete(source);
    this.sources.add(source);
    for (const oldest of this.sources) {
      if (this.sources.size <= this.limits.sources) {
        break;
      }
      this.sources.delete(oldest);
    }
    return toldOf(source, look);
  }

  /** The nearest source within `NEAR`, or a new one. */
  private sourceOf({ artefact, source, alpha }: Look): Source {
    const frame = source.frame && Uint32Array.from(source.frame);
    const activation = Uint32Array.from(source.activation);
    let nearest: Source | null = null;
    let least = NEAR + 1;
    for (const known of this.sources) {
      const distance = known.artefact === artefact ? distanceTo(known, source) : least;
      if (distance < least) {
        [nearest, least] = [known, distance];
      }
    }
    if (nearest) {
      nearest.frame ??= frame;
    }
    return nearest ?? { artefact, frame, activation, count: 0, weakest: alpha };
  }
}

/** By whichever hash is nearer: two pictures of one scene may agree in either alone. */
function distanceTo(known: Source, { frame, activation }: SourceHashes): number {
  const byActivation = hashDistance(known.activation, activation);
  return known.frame && frame ? Math.min(byActivation, hashDistance(known.frame, frame)) : byActivation;
}

/** The line that a person must see of a source that was seen more than once; else none. */
export function looksNotices(looks: Looks | null | undefined): string[] {
  return looks && looks.count > 1 ? [lineOf(looks)] : [];
}

function lineOf({ count, alpha_1, alpha_k }: Looks): string {
  const seen = `This source was seen ${count} times with fresh noise`;
  if (alpha_1 === null) {
    return `${seen}: what that leaves of the protection has not been measured.`;
  }
  const one = `one look: ${alpha_1.toFixed(2)}`;
  return alpha_k === null
    ? `${seen}: ALPHA for so many looks together has not been measured (${one}).`
    : `${seen}: ALPHA for all looks together is ${alpha_k.toFixed(2)} (${one}).`;
}

/**
 * Looks at several strengths count as so many at the weakest of them: a stronger noise is the weaker one plus more of its
 * own, so that no attacker gets more from these looks than from those.
 */
function toldOf({ count, weakest }: Source, { alpha, measured }: Look): Looks {
  return {
    count,
    alpha_1: measured && alphaAfterLooks(measured, alpha, 1),
    alpha_k: measured && alphaAfterLooks(measured, weakest, count)
  };
}

/** Put an entry last; the first ones go when there are too many. */
function renew<Key, Value>(entries: Map<Key, Value>, key: Key, value: Value, limit: number): void {
  entries.delete(key);
  entries.set(key, value);
  for (const oldest of entries.keys()) {
    if (entries.size <= limit) {
      break;
    }
    entries.delete(oldest);
  }
}
