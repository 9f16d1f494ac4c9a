import { RECIPES, specimen, type Specimen } from '../../../test/mutants/artefacts';
import { attackersFor } from '../../models/strength';
import { noiseSpectrumAt } from '../../models';
import { Random } from '../../numerics/random';
import { linearGraph } from '../../models/decoder-graph';
import { LearningSession } from '../../learning/session';
import { type Attack } from '../attack';
import { gaussianFields } from './gaussian-fields';
import { ceilingOf } from '.';

const device = { providers: ['cpu'], threads: 1 };
const { signal } = new AbortController();
let subject: Specimen;
beforeAll(async () => {
  subject = await specimen(RECIPES[4]);
});
afterAll(() => subject.remove());

/** A Wiener filter of the attacker's own statistics. */
const linear: Attack = {
  name: 'linear',
  title: 'linear, whole field',
  inputs: ['raw'],
  quick: true,
  learn: async ({ noise, statistics: { field, kept } }) => {
    const parts = { mean: kept.activation_mean, targetMean: kept.target_mean, attacker: attackersFor(kept, noise!) };
    const session = await LearningSession.open(linearGraph({ ...field, ...parts }), device);
    return {
      reconstruct: async z => (await session.run({ noisy: { data: z, dims: [1, ...field.shape] } })).estimate.data,
      training: null,
      close: () => session.release()
    };
  }
};
const constant: Attack = {
  ...linear,
  name: 'constant',
  learn: async ({ statistics: { kept } }) => ({
    reconstruct: async () => kept.target_mean,
    training: null,
    close: async () => undefined
  })
};

it('holds attacks against the best possible: linear is near it where that is linear, and not where it is not', async () => {
  const { rows } = await ceilingOf(
    { obfuscation: subject.obfuscation, alphas: [0.5], attacks: () => [linear, constant], device, seed: 3, signal },
    'quick'
  );
  for (const { attack, share, r2, optimal_r2: best } of rows) {
    expect(r2).toBeLessThan(best);
    if (attack.startsWith('constant')) {
      expect(share).toBeLessThan(0.01);
    } else if (attack.includes('Gaussian')) {
      expect(share).toBeGreaterThan(0.7);
    } else {
      expect(share).toBeLessThan(0.97);
    }
  }
});

it('of Gaussian fields is what the formula of the linear attacker gives', () => {
  const { obfuscation } = subject;
  const population = gaussianFields(obfuscation, new Random(5));
  const { statistics, counts, document } = obfuscation;
  const [C] = document.activation_shape;
  const S = noiseSpectrumAt(obfuscation, 0.5);
  const filters = attackersFor(statistics, S);
  let [recovered, whole] = [0, 0];
  counts.forEach((count, bin) => {
    statistics.ay[bin].forEach((value, i) => (recovered += count * value * filters[bin][i]));
    for (let t = 0; t < document.targets; t++) {
      whole += count * statistics.yy[bin][t * (document.targets + 1)];
    }
  });
  // On clean activations the estimate is that of no noise.
  const clean = population.best(S.map(matrix => new Float64Array(matrix.length)));
  const samples = population.draw(12);
  let [error, spread] = [0, 0];
  for (const { activation, target } of samples) {
    clean(activation).forEach((value, i) => {
      error += (value - target[i]) ** 2;
      spread += (target[i] - 0.5) ** 2;
    });
  }
  const formula = attackersFor(
    statistics,
    S.map(matrix => new Float64Array(matrix.length))
  ).reduce(
    (sum, filter, bin) => sum + counts[bin] * filter.reduce((part, value, i) => part + value * statistics.ay[bin][i], 0),
    0
  );
  expect(1 - error / spread).toBeCloseTo(formula / whole, 1);
  expect(recovered).toBeLessThan(formula);
  expect(C).toBe(samples[0].activation.length / obfuscation.bins.length);
});
