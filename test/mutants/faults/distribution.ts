import { FieldTransform } from '../../../src/audit/conformance/field';
import { channelDeviations } from '../../../src/pipeline/field-noise';
import { inside, type Mutant } from '../mutant';
import { keystream, normals } from '../senders';

/** Uniform values of 0 … 1 of a tensor, from its normal ones' place in the generator. */
const fresh = (digest: Buffer, key: Buffer, alpha: number, count: number) =>
  keystream(Buffer.from(digest.map((byte, i) => byte ^ key[i] ^ (i === 0 ? 1000 * alpha : 0))), count);

const laplace = (u: number) => (u < 0.5 ? Math.log(2 * u + 1e-12) : -Math.log(2 - 2 * u + 1e-12)) / Math.SQRT2;

/** Box and Muller's transform of uniform values of few bits. */
const coarse = (bits: number) => (seed: Buffer, count: number) =>
  keystream(seed, count).map(u => Math.floor(u * 2 ** bits) / 2 ** bits);

/** Noise that is not normal, or not independent within a tensor. */
export const DISTRIBUTION_FAULTS: readonly Mutant[] = [
  inside('Laplace coefficients', 'of equal variance', () => ({
    white: (white, { digest, key, alpha }) => fresh(digest, key, alpha, white.length).map(laplace)
  })),
  inside('uniform coefficients', 'of equal variance', () => ({
    white: (white, { digest, key, alpha }) => fresh(digest, key, alpha, white.length).map(u => Math.sqrt(12) * (u - 0.5))
  })),
  inside('coefficients of two values', '-1 and 1', () => ({ white: white => white.map(value => (value < 0 ? -1 : 1)) })),
  inside('Laplace in space', 'shaped from Laplace noise of positions', ({ document }) => ({
    white: (white, { digest, key, alpha }) =>
      Float64Array.from(new FieldTransform(document.activation_shape).of(fresh(digest, key, alpha, white.length).map(laplace)))
  })),
  inside('a sum of four uniforms', 'nearly normal, without tails', () => ({
    white: (white, { digest, key, alpha }) => {
      const u = fresh(digest, key, alpha, 4 * white.length);
      return white.map((_, i) => Math.sqrt(3) * (u[4 * i] + u[4 * i + 1] + u[4 * i + 2] + u[4 * i + 3] - 2));
    }
  })),
  inside('tails cut at 3 deviations', 'in the coefficients', () => ({
    white: white => white.map(value => Math.max(-3, Math.min(3, value)))
  })),
  inside('tails cut at 3 deviations in space', 'in the noise', ({ document }) => ({
    white: white => {
      const transform = new FieldTransform(document.activation_shape);
      return Float64Array.from(transform.of(transform.of(white).map(value => Math.max(-3, Math.min(3, value)))));
    }
  })),
  inside('heavy tails', 'one coefficient in fifty twice as large', () => ({
    white: white => white.map((value, i) => ((i * 7919) % 50 === 0 ? 2 * value : value) / Math.sqrt(1.06))
  })),
  inside('uniforms of 6 bits', 'a generator of few bits before Box and Muller', () => ({ uniforms: coarse(6) })),
  inside('coefficients of 3 fractional bits', 'quantised before they are shaped', () => ({
    white: white => white.map(value => Math.round(8 * value) / 8)
  })),
  inside('a bias', 'a twentieth of a deviation in each coefficient', () => ({
    white: white => white.map(value => value + 0.05)
  })),
  inside('a bias at one position', 'a deviation in one value', () => ({
    noise: (noise, { field }) => noise.map((value, i) => (i === 50 ? value + channelDeviations(field)[0] : value))
  })),
  inside('two channels share noise', 'the second has the white noise of the first', ({ bins }) => ({
    white: white => white.map((value, i) => (Math.floor(i / bins.length) === 4 ? white[i - bins.length] : value))
  })),
  inside('a counter that starts again', 'the second half of the keystream is the first', () => ({
    white: white => white.map((_, i) => white[i % (white.length / 2)])
  })),
  inside('a counter that starts again now and then', 'an eighth of the keystream comes twice', () => ({
    white: white => white.map((value, i) => (i >= (7 * white.length) / 8 ? white[i - white.length / 2] : value))
  })),
  inside('both of a pair the same', 'Box and Muller with the cosine twice', () => ({
    white: white => white.map((_, i) => white[i & ~1])
  })),
  inside('sizes that come in pairs', 'Box and Muller with one angle for both, of two signs', () => ({
    white: (white, { digest }) => {
      const signs = normals(digest, white.length);
      return white.map((_, i) => Math.abs(white[i & ~1]) * Math.sign(signs[i]));
    }
  })),
  inside('mirrored frequencies', 'coefficients of a frequency and its mirror image are the same', ({ document }) => {
    const [, H, W] = document.activation_shape;
    const mirror = (f: number) => ((H - Math.floor(f / W)) % H) * W + ((W - (f % W)) % W);
    return { white: white => white.map((_, i) => white[i - (i % (H * W)) + Math.min(i % (H * W), mirror(i % (H * W)))]) };
  }),
  inside('a tile', 'the left half of the field has the white noise of the right', ({ document }) => {
    const [, , W] = document.activation_shape;
    const transform = new FieldTransform(document.activation_shape);
    return {
      white: white => {
        const flat = transform.of(white);
        return Float64Array.from(transform.of(flat.map((_, i) => flat[i - (i % W) + ((i % W) % (W / 2))])));
      }
    };
  })
];
