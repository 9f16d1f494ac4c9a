import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { type Sender } from '../../src/audit/sender';
import { noiseFieldAt, type NoiseField, type Obfuscation } from '../../src/models';
import { requireAlpha, Noise, noiseSizes } from '../../src/pipeline/noise';
import { cleanActivation } from '../../src/pipeline/activation';
import { prfEpsilon } from '../../src/pipeline/epsilon';
import { openArena } from '../../src/pipeline/kernels';
import { FieldTransform } from '../../src/audit/conformance/field';
import { VeilError } from '../../src/protocol';

/** The noise of the product as every noisy run draws it, under a key of its own. */
export async function soundSender(obfuscation: Obfuscation): Promise<Sender> {
  const { activation_shape: shape } = obfuscation.document;
  const arena = await openArena(noiseSizes(obfuscation));
  const noise = new Noise(obfuscation, arena);
  const key = randomBytes(32);
  return {
    async send(activation, alpha) {
      requireAlpha(alpha, obfuscation);
      const region = arena.regions.activation.float32();
      region.set(activation);
      const epsilon = prfEpsilon(key, `${obfuscation.sha256} ${alpha}`);
      return (await noise.obfuscate(cleanActivation(region, shape), alpha, epsilon)).data.slice();
    },
    restart: () => soundSender(obfuscation),
    close: async () => undefined
  };
}

/** What a step of the making is told. */
export interface Step {
  alpha: number;
  /** Tensors that this life made before. */
  serial: number;
  /** SHA-256 of the quantised activation. */
  digest: Buffer;
  key: Buffer;
  field: NoiseField;
  /** The activation, clamped and on the grid. */
  codes: Float64Array;
  /** As it was given. */
  given: Float32Array;
}

/** Steps of the making that a fault can be put into; without any it is the product's noise in float64. */
export interface Steps {
  /** Key of a new life. */
  key?(): Buffer;
  /** What epsilon follows from. */
  seed?(step: Step): string;
  /** Uniform values from [0, 1) instead of the keystream's. */
  uniforms?(seed: Buffer, count: number): Float64Array;
  /** White coefficients [C, H*W], from normal ones. */
  white?(white: Float64Array, step: Step): Float64Array;
  /** The field that is drawn from. */
  field?(field: NoiseField, alpha: number): NoiseField;
  /** How strong a factor at a coefficient is: from row, column, coefficient. */
  shape?(step: Step): ((row: number, column: number, f: number) => number) | null;
  /** The noise [C,H,W] before rounding. */
  noise?(noise: Float64Array, step: Step): Float64Array;
  /** What leaves, from codes and noise on the grid. */
  send?(sum: Float64Array, step: Step, rounded: Float64Array): Float64Array;
  /** Which activation it is, of the one given. */
  clamp?(value: number, low: number, high: number): number;
  /** Instead of a refusal. */
  broken?(activation: Float32Array): Float32Array;
}

/** The noise of an artefact made step by step in float64, so that a fault can be put into any. */
export async function stepwiseSender(obfuscation: Obfuscation, steps: Steps = {}): Promise<Sender> {
  const { activation_shape: shape } = obfuscation.document;
  const [C, H, W] = shape;
  const transform = new FieldTransform(shape);
  const fields = new Map<number, NoiseField>();
  const key = steps.key?.() ?? randomBytes(32);
  let serial = 0;
  const clamp = steps.clamp ?? ((value, low, high) => Math.min(Math.max(value, low), high));
  return {
    async send(given, wanted) {
      const alpha = requireAlpha(wanted, obfuscation);
      if (!given.every(Number.isFinite)) {
        if (steps.broken) {
          return steps.broken(given);
        }
        throw new VeilError('bad_tensor', 'The activation holds a value that is not a finite number.', 'Check the frame.');
      }
      const declared = fields.get(alpha) ?? noiseFieldAt(obfuscation, alpha);
      fields.set(alpha, declared);
      const field = steps.field?.(declared, alpha) ?? declared;
      const codes = Float64Array.from(given, (value, i) => {
        const c = Math.floor(i / (H * W));
        return field.step * Math.round(clamp(value, field.low[c], field.high[c]) / field.step) + 0;
      });
      const digest = createHash('sha256').update(Buffer.from(codes.buffer)).digest();
      const step: Step = { alpha, serial: serial++, digest, key, field, codes, given };
      const seed = steps.seed?.(step) ?? `${alpha} ${digest.toString('hex')}`;
      const drawn = normals(createHmac('sha256', key).update(seed).digest(), C * H * W, steps.uniforms);
      const white = steps.white?.(drawn, step) ?? drawn;
      const shaped = shapedBy(field, white, steps.shape?.(step) ?? null);
      const plain = Float64Array.from(transform.of(shaped));
      const noise = steps.noise?.(plain, step) ?? plain;
      const rounded = noise.map(value => field.step * Math.round(value / field.step));
      const sum = codes.map((code, i) => code + rounded[i]);
      return Float32Array.from(steps.send?.(sum, step, rounded) ?? sum);
    },
    restart: () => stepwiseSender(obfuscation, steps),
    close: async () => undefined
  };
}

/** Normal values of a seed: AES-256-CTR, then Box and Muller. */
export function normals(seed: Buffer, count: number, uniforms = keystream): Float64Array {
  const even = uniforms(seed, 2 * Math.ceil(count / 2));
  return Float64Array.from({ length: count }, (_, i) => {
    const [radius, turn] = [even[i & ~1], even[i | 1]];
    const length = Math.sqrt(-2 * Math.log(1 - radius));
    return length * (i & 1 ? Math.sin(2 * Math.PI * turn) : Math.cos(2 * Math.PI * turn));
  });
}

export function keystream(seed: Buffer, count: number): Float64Array {
  const bytes = createCipheriv('aes-256-ctr', seed, Buffer.alloc(16)).update(Buffer.alloc(8 * count));
  return Float64Array.from(
    { length: count },
    (_, i) => bytes.readUInt32LE(8 * i) / 2 ** 32 + bytes.readUInt16LE(8 * i + 4) / 2 ** 48
  );
}

function shapedBy(
  { shape: [C, H, W], bins, factors }: NoiseField,
  white: Float64Array,
  change: ((row: number, column: number, f: number) => number) | null
): Float64Array {
  const area = H * W;
  const shaped = new Float64Array(C * area);
  for (let f = 0; f < area; f++) {
    const bin = bins[f] * C * C;
    for (let c = 0; c < C; c++) {
      let sum = 0;
      if (change) {
        for (let k = 0; k < C; k++) {
          sum += change(c, k, f) * white[k * area + f];
        }
      } else {
        for (let k = 0; k <= c; k++) {
          sum += factors[bin + c * C + k] * white[k * area + f];
        }
      }
      shaped[c * area + f] = sum;
    }
  }
  return shaped;
}
