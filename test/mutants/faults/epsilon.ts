import { createHash, randomBytes } from 'node:crypto';
import { inside, type Mutant } from '../mutant';
import { normals, type Step } from '../senders';

const digestOf = (values: ArrayLike<number>) =>
  createHash('sha256')
    .update(Buffer.from(Float64Array.from(values).buffer))
    .digest('hex');
const constantKey = () => Buffer.alloc(32, 7);
const secretKey = () => randomBytes(32);
const own = ({ alpha, digest }: Step) => `${alpha} ${digest.toString('hex')}`;

/** A number of a tensor among those of other activations, the same when it is sent again. */
function numbered(): (step: Step) => number {
  const known = new Map<string, number>();
  return step => {
    const name = own(step) + step.key.toString('hex');
    known.set(name, known.get(name) ?? known.size);
    return known.get(name)!;
  };
}

/** A second, fixed tensor of white coefficients. */
const fixed = (count: number, name = 'fixed') => normals(createHash('sha256').update(name).digest(), count);

/** Noise that was there before. */
export const EPSILON_FAULTS: readonly Mutant[] = [
  inside('one fixed noise tensor', 'every tensor of every life has the same epsilon', () => ({
    key: constantKey,
    seed: () => ''
  })),
  inside('one noise tensor a life', 'every tensor of one life has the same epsilon', () => ({ seed: ({ alpha }) => `${alpha}` })),
  inside('one epsilon for all strengths', 'an image has the same epsilon at every ALPHA', () => ({
    seed: ({ digest }) => digest.toString('hex')
  })),
  inside('epsilon reused on two images', 'two images in turn share an epsilon', () => {
    const number = numbered();
    return { seed: step => `${step.alpha} ${number(step) >> 1}` };
  }),
  inside('epsilon repeated every 64 tensors', 'a counter of six bits', () => {
    const number = numbered();
    return { seed: step => `${step.alpha} ${number(step) % 64}` };
  }),
  inside('a seed of 12 bits', 'there are 4096 noise tensors in all', () => ({
    seed: ({ digest }) => `${digest.readUInt16LE() >> 4}`
  })),
  inside('a seed of 16 bits', 'there are 65536 noise tensors in all', () => ({
    seed: ({ digest }) => `${digest.readUInt16LE()}`
  })),
  inside('epsilon from the first channel', 'images whose first channel is the same share an epsilon', ({ bins }) => ({
    seed: ({ alpha, codes }) => `${alpha} ${digestOf(codes.subarray(0, bins.length))}`
  })),
  inside('epsilon from a coarse activation', 'images that are much alike share an epsilon', () => ({
    seed: ({ alpha, codes }) => `${alpha} ${digestOf(codes.map(code => Math.round(4 * code)))}`
  })),
  inside('epsilon from the mean activation, rounded', 'images as bright as each other share an epsilon', () => ({
    seed: ({ alpha, codes }) => `${alpha} ${(codes.reduce((a, b) => a + b) / codes.length).toFixed(3)}`
  })),
  inside('a clock in milliseconds as key', 'lives that begin together have one key', () => ({
    key: () => createHash('sha256').update(`${Date.now()}`).digest()
  })),
  inside('a clock in seconds as key', 'lives that begin in one second have one key', () => ({
    key: () =>
      createHash('sha256')
        .update(`${Math.floor(Date.now() / 1000)}`)
        .digest()
  })),
  inside('the process number as key', 'all lives of a test have one key', () => ({
    key: () => createHash('sha256').update(`${process.pid}`).digest()
  })),
  inside('fresh noise at a re-send', 'a frame sent again is a second look', () => ({
    key: secretKey,
    seed: () => randomBytes(8).toString('hex')
  })),
  inside('fresh noise after another ALPHA', 'a cache of the last strength forgets', () => {
    let [last, changes] = [0, 0];
    return {
      seed: step => {
        changes += Number(step.alpha !== last);
        last = step.alpha;
        return `${changes} ${own(step)}`;
      }
    };
  }),
  inside('antithetic pairs', 'every second tensor has the noise of the one before, its sign turned', () => {
    const number = numbered();
    return {
      seed: step => `${step.alpha} ${number(step) >> 1}`,
      white: (white, step) => (number(step) & 1 ? white.map(value => -value) : white)
    };
  }),
  inside('the same sizes under other signs', 'every second tensor has the sizes of the one before', () => {
    const number = numbered();
    return {
      seed: step => `${step.alpha} ${number(step) >> 1}`,
      white: (white, step) => {
        const signs = normals(step.digest, white.length);
        return white.map((value, i) => (number(step) & 1 ? Math.abs(value) * Math.sign(signs[i]) : value));
      }
    };
  }),
  inside('the last tensor, rolled by a row', 'every second tensor is moved noise of the one before', ({ document }) => {
    const number = numbered();
    const [, H, W] = document.activation_shape;
    return {
      seed: step => `${step.alpha} ${number(step) >> 1}`,
      noise: (noise, step) =>
        number(step) & 1 ? noise.map((_, i) => noise[i - (i % (H * W)) + (((i % (H * W)) + W) % (H * W))]) : noise
    };
  }),
  inside("one channel's noise stays", 'channel 5 has the same white noise in every tensor', ({ bins }) => ({
    white: white => {
      const still = fixed(white.length);
      return white.map((value, i) => (Math.floor(i / bins.length) === 5 ? still[i] : value));
    }
  })),
  inside("one ring's noise stays", 'the lowest spatial frequencies have the same white noise in every tensor', ({ bins }) => ({
    white: white => {
      const still = fixed(white.length);
      return white.map((value, i) => (bins[i % bins.length] === 1 ? still[i] : value));
    }
  })),
  inside('a tenth in common', 'a tenth of the variance is the same in every tensor', () => ({
    white: white => {
      const still = fixed(white.length);
      return white.map((value, i) => Math.sqrt(0.9) * value + Math.sqrt(0.1) * still[i]);
    }
  })),
  inside('a mark of the life', 'a fiftieth of the variance is the same in one life', () => ({
    white: (white, { key }) => {
      const still = fixed(white.length, key.toString('hex'));
      return white.map((value, i) => Math.sqrt(0.98) * value + Math.sqrt(0.02) * still[i]);
    }
  })),
  inside('noise that remembers', 'each tensor has a fifth of the noise of the one before', () => {
    const known = new Map<string, Float64Array>();
    let last: Float64Array | undefined;
    return {
      white: (white, step) => {
        const name = own(step) + step.key.toString('hex');
        const before = last;
        const mixed = known.get(name) ?? (before ? white.map((value, i) => 0.2 * before[i] + Math.sqrt(0.96) * value) : white);
        known.set(name, mixed);
        last = mixed;
        return mixed;
      }
    };
  })
];
