import { loadModel, type LoadedModel } from '../models';
import { cleanActivation } from './activation';
import { openArena, type Arena } from './kernels';
import {
  insecureSeededRandom,
  interimSizes,
  obfuscateInterim,
  secureRandom,
  type InterimRegion,
  type RandomBytes
} from './interim-noise';
import { planNoise, planRun } from './noise-plan';

const SHAPE = [128, 32, 32];
const PLANE = 32 * 32;
const KEY = new Uint8Array(32);
let model: LoadedModel;
let arena: Arena<InterimRegion>;

beforeAll(async () => {
  model = await loadModel();
  arena = await openArena(interimSizes(SHAPE));
});

/** z for an activation of the same value everywhere. */
function draw(value: number, alpha: number, random: RandomBytes = secureRandom): Float32Array {
  const activation = cleanActivation(arena.regions.activation.float32().fill(value), SHAPE);
  return obfuscateInterim(activation, model.interim!, alpha, arena, random).data.slice();
}

/** epsilon of each value, from z of a zero activation. */
function epsilons(alpha: number, random?: RandomBytes): Float64Array {
  const { channel_deviation: deviation } = model.interim!.arrays;
  return Float64Array.from(draw(0, alpha, random), (z, i) => z / (alpha * deviation[Math.floor(i / PLANE)]));
}

const average = (values: Float64Array, of: (value: number) => number) =>
  values.reduce((sum, value) => sum + of(value), 0) / values.length;

describe('the noise', () => {
  it('has the moments and the tails of a normal distribution', () => {
    const values = epsilons(0.5, insecureSeededRandom(7));
    const n = values.length;
    // Within five standard errors of 0, 1, 0, 3.
    expect(Math.abs(average(values, v => v))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(average(values, v => v ** 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(average(values, v => v ** 3))).toBeLessThan(5 * Math.sqrt(15 / n));
    expect(Math.abs(average(values, v => v ** 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    const beyond = (limit: number) => values.filter(v => Math.abs(v) > limit).length;
    expect(Math.abs(beyond(2) - 0.0455 * n)).toBeLessThan(5 * Math.sqrt(0.0455 * n));
    expect(Math.abs(beyond(4) - 6.334e-5 * n)).toBeLessThan(5 * Math.sqrt(6.334e-5 * n) + 1);
  });

  it('agrees with Box-Muller in float64 for every word, out to 6.66 deviations', () => {
    const bytes = arena.regions.randomness.uint8();
    insecureSeededRandom(1)(bytes);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    words.set([0, 1, 2, 3, 0xffffffff, 0xfffffffe, 0x80000000, 0x7fffffff], 0);
    words.set([0, 0x40000000, 0x80000000, 0xc0000000, 0x20000000, 0x1fffffff, 0xffffffff, 0xe0000000], 8);
    const before = words.slice();
    arena.kernels.gaussian(arena.regions.randomness.at, bytes.length);
    const values = arena.regions.randomness.float32();
    let furthest = -Infinity;
    let largest = 0;
    for (let block = 0; block < before.length; block += 8) {
      for (let lane = 0; lane < 4; lane++) {
        const uniform = (2 * Math.floor(before[block + lane] / 2) + 1) / 2 ** 32;
        const radius = Math.sqrt(-2 * Math.log(uniform));
        const angle = (2 * Math.PI * before[block + lane + 4]) / 2 ** 32;
        const [cosine, sine] = [values[block + lane], values[block + lane + 4]];
        // Near radius 0 float32 spaces the uniforms by 2^-24.
        const slack = 1e-5 + (radius < 0.01 ? 5e-4 : 0);
        furthest = Math.max(furthest, Math.abs(cosine - radius * Math.cos(angle)) - slack);
        furthest = Math.max(furthest, Math.abs(sine - radius * Math.sin(angle)) - slack);
        largest = Math.max(largest, radius);
      }
    }
    expect(furthest).toBeLessThan(0);
    expect(largest).toBeGreaterThan(6.6);
    bytes.fill(0);
  });

  it('grows with ALPHA and the deviation of each channel', () => {
    const deviation = model.interim!.arrays.channel_deviation;
    for (const alpha of [0.05, 0.95]) {
      const z = draw(0, alpha);
      for (const channel of [0, 64, 127]) {
        const plane = z.subarray(channel * PLANE, (channel + 1) * PLANE);
        const measured = Math.sqrt(plane.reduce((sum, v) => sum + v * v, 0) / PLANE);
        expect(measured / (alpha * deviation[channel])).toBeGreaterThan(0.85);
        expect(measured / (alpha * deviation[channel])).toBeLessThan(1.15);
      }
    }
  });

  it('leaves nothing off the grid, whose step is at most 1/64 of the smallest noise', () => {
    const { step, arrays, description } = model.interim!;
    const z = draw(0.123456789, 0.05);
    expect(z.every(value => Number.isInteger(value / step) && Math.abs(value / step) < 2 ** 24)).toBe(true);
    expect(step).toBeLessThanOrEqual((description.alpha_min * Math.min(...arrays.channel_deviation)) / 64);
  });

  it('clamps what lies far outside the channel before it adds noise', () => {
    const { arrays, description } = model.interim!;
    const reach = (c: number) => arrays.channel_mean[c] + (description.clamp_deviations + 7 * 0.2) * arrays.channel_deviation[c];
    expect(draw(Infinity, 0.2).every((value, i) => value <= reach(Math.floor(i / PLANE)))).toBe(true);
  });

  it('is never the same twice: two runs of one activation share no epsilon', () => {
    const [first, second] = [epsilons(0.2), epsilons(0.2)];
    const same = first.filter((value, i) => value === second[i]).length;
    const correlation = average(
      first.map((value, i) => value * second[i]),
      v => v
    );
    // The grid has few codes near zero, so single values may meet.
    expect(same / first.length).toBeLessThan(0.02);
    expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(first.length));
  });

  it('repeats under an insecure seed, and only under the same one', () => {
    const seeded = (seed: number) => Array.from(draw(1, 0.2, insecureSeededRandom(seed)).subarray(0, 64));
    expect(seeded(3)).toEqual(seeded(3));
    expect(seeded(3)).not.toEqual(seeded(4));
  });

  it('leaves no epsilon behind', () => {
    draw(1, 0.2);
    expect(arena.regions.randomness.uint8().every(byte => byte === 0)).toBe(true);
  });
});

describe('a noisy run fails closed', () => {
  const left = () => arena.regions.obfuscated.float32();

  it('without an artefact', () => {
    const bare = { ...model, interim: null };
    expect(() => planRun(bare, { mode: 'noisy', alpha: 0.2 }, [], KEY)).toThrow(
      expect.objectContaining({ code: 'artefact_missing' })
    );
    expect(() => planNoise(bare, 0.2, undefined, KEY)).toThrow(expect.objectContaining({ code: 'artefact_missing' }));
  });

  it.each([undefined, NaN, 0, 0.049, 0.97, -0.2, Infinity])('with ALPHA %s', alpha => {
    expect(() => planRun(model, { mode: 'noisy', alpha }, [], KEY)).toThrow(expect.objectContaining({ code: 'bad_alpha' }));
    expect(() => draw(1, alpha as number)).toThrow(expect.objectContaining({ code: 'bad_alpha' }));
  });

  it('when the generator gives nothing', () => {
    expect(() => draw(1, 0.2, () => undefined)).toThrow(/gave no bytes/);
    expect(left().every(value => value === 0)).toBe(true);
  });

  it('when the generator fails', () => {
    const broken = () => {
      throw new Error('no entropy');
    };
    expect(() => draw(1, 0.2, broken)).toThrow('no entropy');
    expect(left().every(value => value === 0)).toBe(true);
  });

  it('when the activation is not a number somewhere', () => {
    const activation = arena.regions.activation.float32().fill(1);
    activation[77_777] = NaN;
    const run = () => obfuscateInterim(cleanActivation(activation, SHAPE), model.interim!, 0.2, arena, secureRandom);
    expect(run).toThrow(expect.objectContaining({ code: 'bad_tensor' }));
    expect(left().every(value => value === 0)).toBe(true);
  });
});

describe('the plan of a run', () => {
  it('names the range when ALPHA lies outside', () => {
    expect(() => planNoise(model, 0.97, undefined, KEY)).toThrow("ALPHA 0.97 is outside this artefact's 0.05 … 0.95.");
  });

  it('takes no noise options in a clean run', () => {
    expect(planRun(model, { mode: 'clean' }, [], KEY)).toBeNull();
    expect(() => planRun(model, { mode: 'clean', alpha: 0.2 }, [], KEY)).toThrow(
      expect.objectContaining({ code: 'bad_request' })
    );
    expect(() => planRun(model, { mode: 'clean', insecure_seed: 1 }, [], KEY)).toThrow(
      expect.objectContaining({ code: 'bad_request' })
    );
  });

  it('says that the artefact is uncalibrated, and that seeded noise is not private', () => {
    expect(planNoise(model, 0.2, undefined, KEY).said).toMatchObject({
      notices: ['ALPHA 0.2 on an uncalibrated artefact: a noise scale, not a measured leakage.'],
      private: true
    });
    const seeded = planNoise(model, 0.2, 5, KEY).said;
    expect(seeded.private).toBe(false);
    expect(seeded.notices[1]).toMatch(/not private/);
  });
});
