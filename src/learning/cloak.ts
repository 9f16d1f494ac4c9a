import { type Matrix } from '../numerics/symmetric';
import { gradientOf } from './adjoint';
import { type Pass } from './pass';
import { LearningSession } from './session';
import { type Statistics } from './statistics';
import { Adam } from './training/adam';
import { batchOf } from './values';

const BATCH = 8;
const RATE = 0.05;
/** Deviations of the noise range between these shares of the activation's own, channel by channel. */
const RANGE = { least: 0.02, most: 20 };

/**
 * Noise of the shape the report shows: white in space, one deviation a channel, sigma = (1 + tanh rho) / 2 (most - least) +
 * least, rho learned for the loss (1 - w) task - w mean log sigma, w the weight that users give as ALPHA. It is measured
 * like every other, and promises nothing.
 * @returns the noise of each weight, behind one that is next to nothing
 */
export async function cloakLadder(pass: Pass, statistics: Statistics): Promise<Matrix[][]> {
  const { task, tail, device, samples, question } = pass;
  const [channels, height, width] = statistics.field.shape;
  const area = height * width;
  const own = deviationsOf(statistics);
  const { loss, references } = task.loss(tail);
  const graph = await gradientOf(tail, { loss, by: [task.input] });
  const session = await LearningSession.open(graph.model, device);
  const random = pass.random('cloak');
  const normals = await pass.normals('cloak');
  let sigma = own.map(deviation => RANGE.least * deviation);
  const ladder: Matrix[][] = [spectrumOf(sigma, statistics)];
  pass.pace.enter('refine', pass.effort.cloakSteps * question.alphas.length);
  for (const weight of question.alphas) {
    pass.pace.at(weight);
    const rho = new Float32Array(channels).fill(-1);
    const adam = new Adam([channels], { learningRate: RATE });
    const sigmaOf = (c: number) => own[c] * (((1 + Math.tanh(rho[c])) / 2) * (RANGE.most - RANGE.least) + RANGE.least);
    for (let step = 0; step < pass.effort.cloakSteps; step++) {
      const batch = Array.from({ length: BATCH }, () => samples.fit[random.integer(samples.fit.length)]);
      const noisy = batchOf(
        batch.map(({ activation }) => activation),
        statistics.field.shape
      );
      const epsilon = normals.take(noisy.data.length);
      for (let i = 0; i < noisy.data.length; i++) {
        noisy.data[i] += sigmaOf(Math.floor(i / area) % channels) * epsilon[i];
      }
      const results = await session.run({ [task.input]: noisy, ...references(batch.map(({ answer }) => answer)) });
      const slope = results[graph.gradients[task.input]].data;
      const bySigma = new Float64Array(channels);
      for (let i = 0; i < slope.length; i++) {
        bySigma[Math.floor(i / area) % channels] += slope[i] * epsilon[i];
      }
      const gradient = rho.map((value, c) => {
        const bend = (own[c] * (1 - Math.tanh(value) ** 2) * (RANGE.most - RANGE.least)) / 2;
        return bend * ((1 - weight) * bySigma[c] - weight / (channels * sigmaOf(c)));
      });
      adam.step([rho], [gradient]);
      pass.pace.tick();
    }
    // Where a larger weight would let a channel have less, it keeps what it had: no attacker gains by a larger one.
    sigma = sigma.map((before, c) => Math.max(before, sigmaOf(c)));
    ladder.push(spectrumOf(sigma, statistics));
  }
  await session.release();
  return ladder;
}

/** Standard deviation of each channel of the activation. */
function deviationsOf({ spectra: { aa, bins, channels } }: Statistics): Float64Array {
  const whole = bins.counts.reduce((sum, count) => sum + count);
  return Float64Array.from({ length: channels }, (_, c) =>
    Math.sqrt(aa.reduce((sum, matrix, bin) => sum + bins.counts[bin] * matrix[c * (channels + 1)], 0) / whole)
  );
}

/** White in space: the same diagonal in every bin. */
function spectrumOf(sigma: Float64Array, { spectra: { aa, channels } }: Statistics): Matrix[] {
  return aa.map(() =>
    Float64Array.from({ length: channels * channels }, (_, i) => (i % (channels + 1) === 0 ? sigma[i % channels] ** 2 : 0))
  );
}
