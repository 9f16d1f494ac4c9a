import { hash } from 'node:crypto';
import type { NoiseField } from '../models';
import { VeilError } from '../protocol';
import type { CleanActivation, ObfuscatedActivation } from './activation';
import type { EpsilonSource } from './epsilon';
import {
  factorLength,
  hartleyTableBytes,
  lineBytes,
  orderCoefficients,
  orderLength,
  packFactor,
  paddedChannels,
  writeHartleyTable,
  type BinRange
} from './field-layout';
import type { Arena } from './kernels';

export type { NoiseField };

export type FieldRegion =
  'activation' | 'codes' | 'coefficients' | 'factors' | 'order' | 'limits' | 'tallTable' | 'wideTable' | 'line' | 'obfuscated';

/** Whole numbers below it, and their sums that stay below it, are exact in float32. */
const EXACT_STEPS = 2 ** 24;
/** Noise beyond so many deviations does not occur: the chance is 1e-15 a value. */
const FURTHEST_DEVIATIONS = 8;

/** Bytes that `FieldNoise` needs of an arena for fields of this shape with so many bins. */
export function fieldSizes([C, H, W]: NoiseField['shape'], binCount: number): Record<FieldRegion, number> {
  const bytes = 4 * C * H * W;
  return {
    activation: bytes,
    codes: bytes,
    coefficients: 4 * H * W * paddedChannels(C),
    factors: 4 * binCount * factorLength(C),
    order: 4 * orderLength(H * W, binCount),
    limits: 8 * C,
    tallTable: hartleyTableBytes(H),
    wideTable: hartleyTableBytes(W),
    line: Math.max(lineBytes(H), 2 * lineBytes(W)),
    obfuscated: bytes
  };
}

/** What a field puts into the arena. */
interface LaidOut {
  factors: Float32Array;
  limits: Float32Array;
  order: Int32Array;
  ranges: BinRange[];
}

/**
 * The noise of a stationary Gaussian field, drawn and added by the kernels:
 * z = round(clamp(a)) + round(n), n = Hartley(L_bin Hartley coefficients of white noise), both on one grid of step 2^k, so
 * that z is exact in float32 and its low bits carry nothing of either (Mironov 2012; Haney et al., arXiv:2207.13793).
 */
export class FieldNoise {
  private field!: NoiseField;
  private ranges: BinRange[] = [];
  /** Fields that were drawn from before: whoever goes through several strengths again and again packs each once. */
  private readonly laidOut = new WeakMap<NoiseField, LaidOut>();

  /**
   * @param arena made for `fieldSizes` of this field's shape and number of bins
   * @throws VeilError `artefact_mismatch` when the field makes no exact noise
   */
  constructor(
    private readonly arena: Arena<FieldRegion>,
    field: NoiseField
  ) {
    const [, H, W] = field.shape;
    writeHartleyTable(H, arena.regions.tallTable);
    writeHartleyTable(W, arena.regions.wideTable);
    this.setField(field);
  }

  /**
   * Draw from this field from now on: one of the same shape, with as many bins at most.
   * @throws VeilError `artefact_mismatch` when the field makes no exact noise; the former stays
   */
  setField(field: NoiseField): void {
    const known = this.laidOut.get(field);
    if (known) {
      this.takeBack(field, known);
      return;
    }
    checkField(field, this.arena.regions);
    const [C, H, W] = field.shape;
    const { factors, order, limits } = this.arena.regions;
    const binCount = field.factors.length / C ** 2;
    // Neither transform scales, and the product gives steps.
    const scale = 1 / (field.step * Math.sqrt(H * W));
    const packed = factorLength(C);
    for (let bin = 0; bin < binCount; bin++) {
      const factor = field.factors.subarray(bin * C ** 2, (bin + 1) * C ** 2);
      packFactor(factor, C, scale, factors.float32().subarray(bin * packed, (bin + 1) * packed));
    }
    limits.float32().set(Array.from(field.low).flatMap((low, c) => [low, field.high[c]]));
    this.ranges = orderCoefficients(field.bins, binCount, C, order.int32());
    this.field = field;
    this.laidOut.set(field, {
      factors: factors.float32().slice(0, binCount * packed),
      limits: limits.float32().slice(),
      order: order.int32().slice(),
      ranges: this.ranges
    });
  }

  private takeBack(field: NoiseField, { factors, limits, order, ranges }: LaidOut): void {
    const { regions } = this.arena;
    regions.factors.float32().set(factors);
    regions.limits.float32().set(limits);
    regions.order.int32().set(order);
    this.ranges = ranges;
    this.field = field;
  }

  /**
   * @param clean must lie in the arena's region `activation`
   * @param epsilon asked once, for the digest of the quantised activation
   * @returns z, in the arena's region `obfuscated`: valid until the next call
   * @throws VeilError `bad_tensor` when the activation holds a value that is not finite, `internal` without randomness or
   *   when a sum leaves the exact part of float32; then `obfuscated` holds zeros
   */
  obfuscate(clean: CleanActivation, epsilon: EpsilonSource): ObfuscatedActivation {
    const { regions } = this.arena;
    const out = regions.obfuscated.float32();
    const { data } = clean;
    if (
      data.buffer !== regions.activation.memory.buffer ||
      data.byteOffset !== regions.activation.at ||
      data.length !== out.length
    ) {
      throw fault('The activation does not lie where the noise reads it.');
    }
    try {
      this.quantise();
      this.drawWhite(epsilon);
      this.shape();
      this.addToCodes();
    } catch (error) {
      out.fill(0);
      throw error;
    } finally {
      // Whoever holds epsilon can subtract it from z.
      regions.coefficients.uint8().fill(0);
      regions.line.uint8().fill(0);
    }
    return { data: out, shape: clean.shape } as ObfuscatedActivation;
  }

  private quantise(): void {
    const { kernels, regions } = this.arena;
    const [C, H, W] = this.field.shape;
    const broken = kernels.quantiseField(
      regions.activation.at,
      regions.codes.at,
      regions.limits.at,
      C,
      H * W,
      1 / this.field.step
    );
    if (broken) {
      throw new VeilError(
        'bad_tensor',
        'The activation holds a value that is not a finite number. Nothing was sent.',
        'Check the frame and the model with a clean run.'
      );
    }
  }

  /** White noise of variance 1 in every coefficient and channel. */
  private drawWhite(epsilon: EpsilonSource): void {
    const { kernels, regions } = this.arena;
    const { coefficients, codes } = regions;
    const bytes = coefficients.uint8();
    epsilon.fill(bytes, hash('sha256', codes.uint8(), 'buffer'));
    requireRandomness(bytes);
    kernels.gaussian(coefficients.at, coefficients.bytes);
  }

  private shape(): void {
    const { kernels, regions } = this.arena;
    const [C] = this.field.shape;
    this.ranges.forEach(({ first, count }, bin) => {
      const factor = regions.factors.at + 4 * bin * factorLength(C);
      kernels.multiplyLower(regions.coefficients.at, regions.order.at + 4 * first, count, factor, paddedChannels(C));
    });
  }

  private addToCodes(): void {
    const { kernels, regions } = this.arena;
    const [C, H, W] = this.field.shape;
    const channels = paddedChannels(C);
    kernels.hartleyColumns(regions.coefficients.at, H, W, channels, regions.tallTable.at, regions.line.at);
    const overflow = kernels.hartleyRowsOntoCodes(
      regions.coefficients.at,
      H,
      W,
      channels,
      regions.wideTable.at,
      regions.line.at,
      regions.codes.at,
      regions.obfuscated.at,
      C,
      this.field.step
    );
    if (overflow) {
      throw fault('The noise left the range in which float32 is exact.');
    }
  }
}

/** @throws VeilError `artefact_mismatch` unless every z of this field is exact and some of it is noise */
function checkField({ shape, low, high, step, bins, factors }: NoiseField, regions: Arena<FieldRegion>['regions']): void {
  const [C, H, W] = shape;
  const binCount = factors.length / C ** 2;
  const fits =
    4 * C * H * W === regions.activation.bytes &&
    hartleyTableBytes(H) === regions.tallTable.bytes &&
    hartleyTableBytes(W) === regions.wideTable.bytes &&
    low.length === C &&
    high.length === C &&
    bins.length === H * W &&
    Number.isInteger(binCount) &&
    4 * binCount * factorLength(C) <= regions.factors.bytes &&
    bins.every(bin => bin < binCount);
  if (!fits) {
    throw mismatch(`The noise is not one of activations [${shape.join(',')}].`);
  }
  if (!(step > 0 && Number.isInteger(Math.log2(step)))) {
    throw mismatch(`The grid's step ${step} is not a power of two.`);
  }
  const deviations = channelDeviations({ shape, bins, factors });
  if (!deviations.some(deviation => deviation > 0)) {
    throw mismatch('The noise is zero everywhere, or not a number.');
  }
  deviations.forEach((deviation, c) => {
    const furthest = Math.max(Math.abs(low[c]), Math.abs(high[c])) + FURTHEST_DEVIATIONS * deviation;
    if (!(low[c] <= high[c] && furthest / step < EXACT_STEPS)) {
      throw mismatch(`Channel ${c} of the noise does not fit its grid of step ${step}.`);
    }
  });
}

/** The standard deviation of the noise in each channel, the same at every position: [C]. */
export function channelDeviations({ shape: [C], bins, factors }: Pick<NoiseField, 'shape' | 'bins' | 'factors'>): Float64Array {
  const counts = new Float64Array(factors.length / C ** 2);
  bins.forEach(bin => counts[bin]++);
  return Float64Array.from({ length: C }, (_, c) => {
    let variance = 0;
    counts.forEach((count, bin) => {
      const row = (bin * C + c) * C;
      for (let k = 0; k <= c; k++) {
        variance += (count / bins.length) * factors[row + k] ** 2;
      }
    });
    return Math.sqrt(variance);
  });
}

/** A generator that left the end or the start of the wiped buffer as it was must not pass for noise. */
function requireRandomness(bytes: Uint8Array): void {
  if ([bytes.subarray(0, 32), bytes.subarray(-32)].some(part => part.every(byte => byte === 0))) {
    throw new VeilError(
      'internal',
      'The random generator gave no bytes. Nothing was run, nothing was sent.',
      'Check the operating system: without randomness there is no noise.'
    );
  }
}

function mismatch(cause: string): VeilError {
  return new VeilError('artefact_mismatch', `${cause} Nothing was run, nothing was sent.`, 'Learn the artefact again.');
}

function fault(cause: string): VeilError {
  return new VeilError('internal', `${cause} Nothing was sent.`, 'This is a fault in Veilbook: please report it with the log.');
}
