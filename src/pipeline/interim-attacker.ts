import type { InterimObfuscation } from '../models';
import type { Pixels } from './raster';
import type { AnyActivation } from './activation';

/** Who made the reconstruction; shown beside it. */
export const INTERIM_ATTACKER = 'a linear attacker who knows model and noise; stronger ones recover more';

/** The attacker paints each cell of the activation as BLOCKS x BLOCKS pixels. */
const BLOCKS = 4;
const OUTPUTS = BLOCKS * BLOCKS * 3;
/** Keeps the clean covariance, which may be singular, solvable: a share of its mean diagonal. */
const RIDGE = 1e-6;
const REMEMBERED = 16;

/**
 * The interim reference attacker: the best linear estimate of a cell's pixels from the activation in that cell, for an
 * attacker who knows the artefact and ALPHA:
 *   y = mean_y + (z - mean_a) W,  W = (Saa + diag(ALPHA^2 deviation^2) + step^2/6 I)^-1 Say
 * (linear minimum mean square error; step^2/6 is the variance of two roundings).
 */
export class InterimAttacker {
  private readonly weights = new Map<number, Float32Array>();

  constructor(private readonly obfuscation: InterimObfuscation) {}

  /**
   * @param activation [C,H,W]; what the tail saw
   * @param alpha of the noise in it, 0 for a clean one
   * @returns an RGB picture of 4W x 4H pixels of the network's input
   */
  reconstruct({ data, shape }: AnyActivation, alpha: number): Pixels {
    const [channels, height, width] = shape;
    const cells = height * width;
    const weights = this.weightsFor(alpha);
    const { channel_mean: mean, pixel_mean: pixelMean } = this.obfuscation.arrays;
    const estimate = new Float32Array(OUTPUTS * cells);
    for (let k = 0; k < OUTPUTS; k++) {
      const plane = estimate.subarray(k * cells, (k + 1) * cells).fill(pixelMean[k]);
      for (let c = 0; c < channels; c++) {
        const weight = weights[c * OUTPUTS + k];
        const offset = weight * mean[c];
        for (let i = 0, at = c * cells; i < cells; i++, at++) {
          plane[i] += weight * data[at] - offset;
        }
      }
    }
    return toPicture(estimate, width, height);
  }

  private weightsFor(alpha: number): Float32Array {
    let weights = this.weights.get(alpha);
    if (!weights) {
      if (this.weights.size >= REMEMBERED) {
        this.weights.clear();
      }
      weights = attackWeights(this.obfuscation, alpha);
      this.weights.set(alpha, weights);
    }
    return weights;
  }
}

/** W of the attacker for this ALPHA: [C,48], row-major. */
export function attackWeights({ arrays, step }: InterimObfuscation, alpha: number): Float32Array {
  const size = arrays.channel_deviation.length;
  const covariance = Float64Array.from(arrays.activation_covariance);
  let trace = 0;
  for (let c = 0; c < size; c++) {
    trace += covariance[c * size + c];
  }
  for (let c = 0; c < size; c++) {
    covariance[c * size + c] += (alpha * arrays.channel_deviation[c]) ** 2 + (step * step) / 6 + (RIDGE * trace) / size;
  }
  return Float32Array.from(solve(covariance, Float64Array.from(arrays.pixel_covariance), size));
}

/** X of A X = B by Cholesky; A [size,size] symmetric positive definite (overwritten), B [size,n] (overwritten with X). */
function solve(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const columns = b.length / size;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * size + j];
      for (let k = 0; k < j; k++) {
        sum -= a[i * size + k] * a[j * size + k];
      }
      a[i * size + j] = i === j ? Math.sqrt(sum) : sum / a[j * size + j];
    }
  }
  for (let n = 0; n < columns; n++) {
    for (let i = 0; i < size; i++) {
      let sum = b[i * columns + n];
      for (let k = 0; k < i; k++) {
        sum -= a[i * size + k] * b[k * columns + n];
      }
      b[i * columns + n] = sum / a[i * size + i];
    }
    for (let i = size - 1; i >= 0; i--) {
      let sum = b[i * columns + n];
      for (let k = i + 1; k < size; k++) {
        sum -= a[k * size + i] * b[k * columns + n];
      }
      b[i * columns + n] = sum / a[i * size + i];
    }
  }
  return b;
}

/** Planes of one value per cell, ordered row, column, channel within the cell, to interleaved pixels. */
function toPicture(estimate: Float32Array, width: number, height: number): Pixels {
  const wide = width * BLOCKS;
  const data = new Uint8ClampedArray(wide * height * BLOCKS * 3);
  const cells = width * height;
  for (let k = 0; k < OUTPUTS; k++) {
    const [row, column, channel] = [Math.floor(k / (3 * BLOCKS)), Math.floor(k / 3) % BLOCKS, k % 3];
    for (let cell = 0; cell < cells; cell++) {
      const y = Math.floor(cell / width) * BLOCKS + row;
      const x = (cell % width) * BLOCKS + column;
      data[(y * wide + x) * 3 + channel] = estimate[k * cells + cell];
    }
  }
  return { kind: 'pixels', data: new Uint8Array(data.buffer), width: wide, height: height * BLOCKS, order: 'rgb' };
}
