import { around, inside, type Mutant } from '../mutant';

/** Noise that knows what it hides, and what is wrong about grid, range and refusals. */
export const ACTIVATION_FAULTS: readonly Mutant[] = [
  inside('strength by sign', 'a tenth more noise above the mean, a tenth less below', ({ statistics }) => ({
    noise: (noise, { codes }) => noise.map((value, i) => (codes[i] > statistics.activation_mean[i] ? 1.1 : 0.9) * value)
  })),
  inside('strength by size', 'noise in proportion to the activation', () => ({
    noise: (noise, { codes }) => noise.map((value, i) => (0.5 + Math.abs(codes[i])) * value)
  })),
  inside('zeros stay zeros', 'no noise where the rectifier gave none', () => ({
    noise: (noise, { codes }) => noise.map((value, i) => (codes[i] === 0 ? 0 : value))
  })),
  inside('a part of the activation twice', 'a twentieth of it is added once more', () => ({
    noise: (noise, { codes }) => noise.map((value, i) => value + 0.05 * codes[i])
  })),
  inside('the sign of the activation', 'noise points away from the mean', ({ statistics }) => ({
    noise: (noise, { codes }) =>
      noise.map((value, i) => (i % 10 === 0 ? Math.abs(value) * Math.sign(codes[i] - statistics.activation_mean[i]) : value))
  })),
  inside('the activation as it was given', 'only the noise is on the grid: low bits tell', () => ({
    send: (_, { given, field }, noise) =>
      noise.map((value, i) => value + Math.min(field.high[0], Math.max(field.low[0], given[i])))
  })),
  inside('float low bits', 'noise is not rounded', () => ({
    send: (sum, { digest }) => sum.map((value, i) => value * (1 + 2 ** -20 * (digest[i % 32] / 256)))
  })),
  inside('noise on a coarser grid', 'the two lowest bits are those of the activation', () => ({
    send: (_, { codes, field }, noise) =>
      noise.map((value, i) => codes[i] + 4 * field.step * Math.round(value / (4 * field.step)))
  })),
  inside('a coarser grid', 'a sixteenth as fine as declared', () => ({
    field: field => ({ ...field, step: 16 * field.step })
  })),
  inside('no clamp', 'a value far outside the learned range stands out of the noise', () => ({ clamp: value => value })),
  inside('a clamp of one channel for all', 'an upper end that is too high by a half', () => ({
    clamp: (value, low, high) => Math.min(Math.max(value, low), 1.5 * high)
  })),
  inside('a clamp after the noise', 'noise is cut where the range ends', () => ({
    send: (sum, { field }) => sum.map(value => Math.max(field.low[0], Math.min(field.high[0], value)))
  })),
  inside('overflow at the clamp', 'codes of 16 bits wrap', () => ({
    clamp: (value, low, high) => (value > high ? low : value < low ? high : value)
  })),
  inside('zeros for what is broken', 'an activation with NaN leaves as zeros', () => ({ broken: given => given.map(() => 0) })),
  inside('broken values as they are', 'an activation with NaN leaves', () => ({ broken: given => given })),
  around(
    'an ALPHA outside taken to the nearest end',
    'ALPHA 0 is answered',
    ({ document: { knots } }) =>
      (send, activation, alpha) =>
        send(activation, Math.min(Math.max(alpha || 0, knots[0].alpha), knots[knots.length - 1].alpha))
  ),
  around('the clean tensor after a refusal', 'an error path that goes on without noise', () => {
    let failed = false;
    return async (send, activation, alpha) => {
      if (failed) {
        return activation;
      }
      return send(activation, alpha).catch((thrown: unknown) => {
        failed = true;
        throw thrown;
      });
    };
  })
];
