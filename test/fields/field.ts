import { hash } from 'node:crypto';
import { frequenciesOf } from '../../src/numerics/frequencies';
import { hartleyBins, hartleyMatrix } from '../../src/numerics/hartley';
import { radialBins } from '../../src/numerics/radial-bins';
import { Random } from '../../src/numerics/random';
import { cleanActivation } from '../../src/pipeline/activation';
import { insecureSeededEpsilon, type EpsilonSource } from '../../src/pipeline/epsilon';
import { fieldSizes, FieldNoise, type FieldRegion, type NoiseField } from '../../src/pipeline/field-noise';
import { openArena, type Arena } from '../../src/pipeline/kernels';

export type Shape = NoiseField['shape'];

/** A field that correlates channels and weakens with frequency; all bins differ. */
export function madeUpField(shape: Shape, step: number, seed = 1): NoiseField {
  const [C, H, W] = shape;
  const rings = radialBins(frequenciesOf(H, W));
  const random = new Random(seed);
  const factors = new Float32Array(rings.counts.length * C * C);
  rings.counts.forEach((_, bin) => {
    for (let i = 0; i < C; i++) {
      for (let j = 0; j <= i; j++) {
        const value = i === j ? random.uniform(0.5, 1.5) : random.normal() / Math.sqrt(C);
        factors[(bin * C + i) * C + j] = (2 * value) / (1 + bin);
      }
    }
  });
  const [low, high] = [new Float32Array(C).fill(-4), Float32Array.from({ length: C }, (_, c) => 2 + (c % 3))];
  return { shape, low, high, step, bins: hartleyBins(rings), factors };
}

/** A field's noise with a memory of its own. */
export class FieldBench {
  private constructor(
    readonly field: NoiseField,
    readonly arena: Arena<FieldRegion>,
    readonly noise: FieldNoise
  ) {}

  static async open(field: NoiseField): Promise<FieldBench> {
    const [C] = field.shape;
    const arena = await openArena(fieldSizes(field.shape, field.factors.length / C ** 2));
    return new FieldBench(field, arena, new FieldNoise(arena, field));
  }

  /** z of these values, [C,H,W]; of one value everywhere when it is a number. */
  obfuscate(activation: ArrayLike<number> | number, epsilon: EpsilonSource): Float32Array {
    const region = this.arena.regions.activation.float32();
    if (typeof activation === 'number') {
      region.fill(activation);
    } else {
      region.set(activation);
    }
    return this.noise.obfuscate(cleanActivation(region, this.field.shape), epsilon).data.slice();
  }

  /** The noise of a zero activation. */
  draw(seed: number): Float32Array {
    return this.obfuscate(0, insecureSeededEpsilon(seed));
  }

  /** Digest of the codes that the last call left. */
  digest(): Buffer {
    return hash('sha256', this.arena.regions.codes.uint8(), 'buffer');
  }

  /** What this source turns into with the last call's codes: white coefficients [H*W][C]. */
  white(epsilon: EpsilonSource): Float64Array {
    const { coefficients } = this.arena.regions;
    epsilon.fill(coefficients.uint8(), this.digest());
    this.arena.kernels.gaussian(coefficients.at, coefficients.bytes);
    const values = coefficients.float32();
    const [C, H, W] = this.field.shape;
    const pitch = values.length / (H * W);
    const white = Float64Array.from({ length: H * W * C }, (_, i) => values[Math.floor(i / C) * pitch + (i % C)]);
    values.fill(0);
    return white;
  }
}

/** Separable orthogonal Hartley transform of every channel, [C,H,W] to [C,H,W]; its own inverse. */
export function hartley(values: ArrayLike<number>, [C, H, W]: Shape): Float64Array {
  const [tall, wide] = [hartleyMatrix(H), hartleyMatrix(W)];
  const out = new Float64Array(C * H * W);
  const between = new Float64Array(H * W);
  for (let at = 0; at < out.length; at += H * W) {
    between.fill(0);
    for (let i = 0; i < H * W; i++) {
      const [y, v] = [Math.floor(i / W), i % W];
      for (let x = 0; x < W; x++) {
        between[i] += wide[v * W + x] * values[at + y * W + x];
      }
    }
    for (let i = 0; i < H * W; i++) {
      const [u, v] = [Math.floor(i / W), i % W];
      for (let y = 0; y < H; y++) {
        out[at + i] += tall[u * H + y] * between[y * W + v];
      }
    }
  }
  return out;
}

/** The noise that these white coefficients [H*W][C] make, in float64: [C,H,W]. */
export function referenceNoise({ shape, bins, factors }: NoiseField, white: Float64Array): Float64Array {
  const [C, H, W] = shape;
  const shaped = new Float64Array(C * H * W);
  bins.forEach((bin, f) => {
    for (let c = 0; c < C; c++) {
      const row = (bin * C + c) * C;
      for (let k = 0; k <= c; k++) {
        shaped[c * H * W + f] += factors[row + k] * white[f * C + k];
      }
    }
  });
  return hartley(shaped, shape);
}

/** The white coefficients [H*W][C] that made this noise: the inverse of `referenceNoise`. */
export function whiten({ shape, bins, factors }: NoiseField, noise: ArrayLike<number>): Float64Array {
  const [C, H, W] = shape;
  const shaped = hartley(noise, shape);
  const white = new Float64Array(C * H * W);
  bins.forEach((bin, f) => {
    for (let c = 0; c < C; c++) {
      const row = (bin * C + c) * C;
      let rest = shaped[c * H * W + f];
      for (let k = 0; k < c; k++) {
        rest -= factors[row + k] * white[f * C + k];
      }
      white[f * C + c] = rest / factors[row + c];
    }
  });
  return white;
}
