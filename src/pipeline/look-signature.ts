import { hash as digestOf } from 'node:crypto';
import type { Strengths } from '../models';
import { differenceBits, HASH_GRID } from '../numerics/difference-hash';
import type { CleanActivation } from './activation';
import type { EpsilonSource } from './epsilon';
import { readRows, type Raster } from './raster';

/** Each 8 words of 32 bits, `differenceBits`. */
export interface SourceHashes {
  /** `frameHash`; null where only the activation was seen. */
  frame: readonly number[] | null;
  /** `activationHash`: what a frame that was run whole has in common with one that went by `forwardHead` and `forwardNoise`. */
  activation: readonly number[];
}

/** One noisy tensor that was made of a source: what the process that owns the workers counts looks by. Plain data. */
export interface Look {
  /** What the source is known by. */
  source: SourceHashes;
  /** Equal for equal tensors, which tell nothing new, and for no others. */
  tensor: string;
  /** SHA-256 of the artefact, hexadecimal. */
  artefact: string;
  alpha: number;
  /** What was measured for several looks at each strength; null where nothing was. */
  measured: Strengths | null;
}

/** Points a side of a cell at which its mean is taken: the whole of a frame need not be read for 272 means. */
const POINTS = 8;

/** Luminance weights of ITU-R BT.601 in 1/256. */
const RED = 77;
const GREEN = 150;
const BLUE = 29;

/**
 * Difference hash of a decoded frame's luminance.
 * @throws VeilError `bad_image` when a shared frame ends too early
 */
export function frameHash(frame: Raster): number[] {
  const row = new Uint8Array(3 * frame.width);
  const [first, last] = frame.order === 'rgb' ? [RED, BLUE] : [BLUE, RED];
  const means = cellMeans(frame.width, frame.height, y => {
    readRows(frame, y, row);
    return x => first * row[3 * x] + GREEN * row[3 * x + 1] + last * row[3 * x + 2];
  });
  return hashOf(means, 1 / 256);
}

/** Difference hash of the mean over the channels of an activation [C,H,W], at 256 levels from its least to its largest. */
export function activationHash({ data, shape }: CleanActivation): number[] {
  const [channels, height, width] = shape;
  const plane = new Float64Array(height * width);
  for (let c = 0; c < channels; c++) {
    const from = c * plane.length;
    for (let i = 0; i < plane.length; i++) {
      plane[i] += data[from + i];
    }
  }
  const means = cellMeans(width, height, y => x => plane[y * width + x]);
  return hashOf(means, 255 / (Math.max(...means) - Math.min(...means) || 1));
}

/** @param rowAt values of row y by column; rows are asked for in ascending order */
function cellMeans(width: number, height: number, rowAt: (y: number) => (x: number) => number): Float64Array {
  const across = HASH_GRID.columns * POINTS;
  const down = HASH_GRID.rows * POINTS;
  const columns = Uint32Array.from({ length: across }, (_, i) => ((i + 0.5) * width) / across);
  const means = new Float64Array(HASH_GRID.columns * HASH_GRID.rows);
  for (let j = 0; j < down; j++) {
    const value = rowAt(Math.floor(((j + 0.5) * height) / down));
    const cells = Math.floor(j / POINTS) * HASH_GRID.columns;
    for (let i = 0; i < across; i++) {
      means[cells + Math.floor(i / POINTS)] += value(columns[i]) / POINTS ** 2;
    }
  }
  return means;
}

/** Whole grey levels, as a scaled picture has them: what is even stays so when it is coded again. */
function hashOf(means: Float64Array, levels: number): number[] {
  return Array.from(differenceBits(means.map(mean => Math.round(levels * mean))));
}

/** The same epsilon, and the digest that it was last asked for. */
export interface WatchedEpsilon extends EpsilonSource {
  digest: Uint8Array | null;
}

export function watched(epsilon: EpsilonSource): WatchedEpsilon {
  return {
    private: epsilon.private,
    digest: null,
    fill(bytes, digest) {
      this.digest = digest;
      epsilon.fill(bytes, digest);
    }
  };
}

/** Names the tensor that this epsilon made: artefact, strength, key or seed and quantised activation determine it. */
export function tensorOf(digest: Uint8Array, artefact: string, alpha: number, seed: number | undefined): string {
  const context = Buffer.from(`${artefact} ${alpha} ${seed ?? 'key'} `);
  return digestOf('sha256', Buffer.concat([context, digest]), 'base64');
}
