import { eigenSymmetric } from '../../../src/numerics/symmetric';
import { FieldTransform } from '../../../src/audit/conformance/field';
import { noiseFieldAt, type NoiseField, type Obfuscation } from '../../../src/models';
import { between } from '../../../src/models/strength';
import { Random } from '../../../src/numerics/random';
import { around, inside, type Mutant } from '../mutant';

const scaled = (field: NoiseField, factor: number): NoiseField => ({
  ...field,
  factors: field.factors.map(value => factor * value)
});
const firstKnot = ({ document }: Obfuscation) => document.knots[0].alpha;

/** The factor of one ring, changed: from its value at a row and column. */
function refactored(
  field: NoiseField,
  change: (at: (row: number, column: number) => number, row: number, column: number, ring: number) => number
): NoiseField {
  const [C] = field.shape;
  const factors = field.factors.map((_, i) => {
    const ring = Math.floor(i / (C * C));
    const at = (row: number, column: number) => field.factors[ring * C * C + row * C + column];
    return change(at, Math.floor(i / C) % C, i % C, ring);
  });
  return { ...field, factors };
}

/** Take a direction of the channels' space out of coefficients [C, H*W] of some rings. */
function without(values: ArrayLike<number>, v: Float64Array, of: (f: number) => boolean, area: number): Float64Array {
  const out = Float64Array.from(values);
  for (let f = 0; f < area; f++) {
    if (of(f)) {
      let along = 0;
      v.forEach((value, c) => (along += value * out[c * area + f]));
      v.forEach((value, c) => (out[c * area + f] -= along * value));
    }
  }
  return out;
}

function bare(obfuscation: Obfuscation, v: Float64Array, of: (f: number) => boolean) {
  const transform = new FieldTransform(obfuscation.document.activation_shape);
  return (noise: Float64Array) => Float64Array.from(transform.of(without(transform.of(noise), v, of, obfuscation.bins.length)));
}

/** Noise of another strength or shape than was declared. */
export const STRENGTH_FAULTS: readonly Mutant[] = [
  inside('sigma / 10', 'a tenth of the deviation', () => ({ field: field => scaled(field, 0.1) })),
  inside('sigma x 0.97', '3 % less deviation', () => ({ field: field => scaled(field, 0.97) })),
  inside('variance for deviation', 'the factor is squared', () => ({
    field: field => refactored(field, (at, i, j) => (i === j ? at(i, j) ** 2 : at(i, j)))
  })),
  inside('the first knot for every ALPHA', 'a strong ALPHA has the noise of the weakest', obfuscation => ({
    field: () => noiseFieldAt(obfuscation, firstKnot(obfuscation))
  })),
  inside('the knot below for an ALPHA between', 'what is not a knot has less noise', obfuscation => ({
    field: (_, alpha) => noiseFieldAt(obfuscation, obfuscation.document.knots[between(obfuscation, alpha).lower].alpha)
  })),
  inside('two rings for each other', 'low frequencies have the noise of higher ones', () => ({
    field: field => ({ ...field, bins: field.bins.map(bin => (bin === 1 ? 2 : bin === 2 ? 1 : bin)) })
  })),
  inside('rings in other places', 'coefficients are taken for those of the next column', () => ({
    field: field => ({ ...field, bins: field.bins.map((_, f) => field.bins[(f + 1) % field.bins.length]) })
  })),
  inside('a wrong Q', 'the directions are those of other channels', () => ({
    field: field => refactored(field, (at, i, j) => at(i, j)),
    shape: ({ field }) => {
      const [C] = field.shape;
      return (row, column, f) => field.factors[field.bins[f] * C * C + ((row + 1) % C) * C + column];
    }
  })),
  inside('a transposed factor', 'L^T for L', () => ({
    shape: ({ field }) => {
      const [C] = field.shape;
      return (row, column, f) => field.factors[field.bins[f] * C * C + column * C + row];
    }
  })),
  inside('channels by themselves', 'deviations without what channels have in common', () => ({
    shape: ({ field }) => {
      const [C] = field.shape;
      return (row, column, f) =>
        row === column
          ? Math.hypot(...field.factors.subarray(field.bins[f] * C * C + row * C, field.bins[f] * C * C + row * C + row + 1))
          : 0;
    }
  })),
  inside('white in space', "every ring has the last one's noise", () => ({
    field: field => {
      const most = field.bins.reduce((a, b) => Math.max(a, b));
      return { ...field, bins: field.bins.map(() => most) };
    }
  })),
  inside('a channel without noise', 'the last channel leaves as it is', ({ bins }) => ({
    noise: noise => noise.map((value, i) => (i >= noise.length - bins.length ? 0 : value))
  })),
  inside('a ring without noise', 'some spatial frequencies leave as they are', ({ bins, document }) => {
    const transform = new FieldTransform(document.activation_shape);
    return {
      noise: noise =>
        Float64Array.from(transform.of(transform.of(noise).map((value, i) => (bins[i % bins.length] === 2 ? 0 : value))))
    };
  }),
  inside('a coefficient without noise', 'one spatial frequency leaves as it is', ({ bins }) => ({
    white: white => white.map((value, i) => (i % bins.length === 37 ? 0 : value))
  })),
  inside('the level without noise', 'the mean of each channel leaves as it is', ({ bins }) => ({
    white: white => white.map((value, i) => (i % bins.length === 0 ? 0 : value))
  })),
  inside('a border without noise', 'the first row leaves as it is', ({ document, bins }) => ({
    noise: noise => noise.map((value, i) => (i % bins.length < document.activation_shape[2] ? 0 : value))
  })),
  inside('one value without noise', 'one value of one channel leaves as it is', () => ({
    noise: noise => noise.map((value, i) => (i === 123 ? 0 : value))
  })),
  inside('a direction left bare', 'a random direction of the channels leaves as it is', obfuscation => {
    const [C] = obfuscation.document.activation_shape;
    const random = new Random(4);
    const v = Float64Array.from({ length: C }, () => random.normal());
    const length = Math.hypot(...v);
    return {
      noise: bare(
        obfuscation,
        v.map(value => value / length),
        () => true
      )
    };
  }),
  inside(
    'a direction left bare in one ring',
    'where the activation varies most, some frequencies leave as they are',
    obfuscation => {
      const [C] = obfuscation.document.activation_shape;
      const { vectors } = eigenSymmetric(obfuscation.statistics.aa[2], C);
      return { noise: bare(obfuscation, vectors.slice((C - 1) * C), f => obfuscation.bins[f] === 2) };
    }
  ),
  inside(
    'a strength that wavers',
    'tensors with a fifth less noise and with a fifth more in turn, as strong in the mean',
    () => ({
      noise: (noise, { digest }) => noise.map(value => (digest[0] & 1 ? Math.sqrt(1.2) : Math.sqrt(0.8)) * value)
    })
  ),
  inside('a strength that fades', 'each tensor has a thousandth less noise than the one before', () => ({
    noise: (noise, { serial }) => noise.map(value => 0.999 ** serial * value)
  })),
  inside('drop-out', 'one value in a hundred leaves as it is', () => ({
    noise: (noise, { digest }) => {
      const random = new Random(digest.readUInt32LE());
      return noise.map(value => (random.uniform() < 0.01 ? 0 : value));
    }
  })),
  inside('every fiftieth tensor clean', 'a skipped frame', () => ({
    noise: (noise, { digest }) => (digest.readUInt16LE() % 50 === 0 ? noise.map(() => 0) : noise)
  })),
  inside('no noise for an empty frame', 'zeros leave as zeros', () => ({
    noise: (noise, { codes }) => (codes.every(code => code === 0) ? noise.map(() => 0) : noise)
  })),
  around('the first tensor of a life clean', 'a warm-up that is sent', () => {
    let first: Float32Array | undefined;
    return async (send, activation, alpha) => {
      first ??= activation.slice();
      const z = await send(activation, alpha);
      return first.every((value, i) => value === activation[i]) ? activation : z;
    };
  }),
  around('a mean of four looks', 'four draws are averaged before they leave', () => async (send, activation, alpha) => {
    const z = await send(activation, alpha);
    return z.map((value, i) => (value + activation[i]) / 2);
  })
];
