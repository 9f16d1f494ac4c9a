import { pooledR2, pooledR2Interval } from '../evaluation/recovery';
import { VeilError, type MeasuredLeakage } from '../protocol';
import { combine, type Matrix } from '../numerics/symmetric';
import { AttackedView, type Attackers, strongestR2, type Recovery } from './attacker';
import { type NoiseSpectrum } from './leakage';
import { type Pass } from './pass';
import { type Sample } from './samples';
import { rung } from './shaping';
import { type Statistics } from './statistics';

/** ALPHA is met on the images it is chosen on to so much. */
const TOLERANCE = 0.002;
const MOST_TRIES = 8;

/** How often one source is seen, for the table of what is left of ALPHA. */
const LOOKS = [1, 4, 16, 64];

/** Attackers let loose on noise, with common random numbers: the same noise coefficients in every measurement. */
export class Judge {
  constructor(
    private readonly pass: Pass,
    private readonly statistics: Statistics,
    private readonly attackers: Attackers
  ) {}

  async recover(S: NoiseSpectrum | null, samples: readonly Sample[]): Promise<Recovery> {
    const view = await AttackedView.open(this.statistics, S, this.pass.device);
    const recovery = await this.attackers.recover(view, samples, await this.pass.normals('judge'));
    await view.release();
    return recovery;
  }

  /** The share of what the strongest attacker recovers from clean activations that noise S takes away. */
  async alphaOf(S: NoiseSpectrum, samples: readonly Sample[], clean: Recovery): Promise<number> {
    return 1 - strongestR2(await this.recover(S, samples)) / strongestR2(clean);
  }

  /** What is left of ALPHA after so many looks with fresh noise: their mean carries S / looks. */
  async afterLooks(S: NoiseSpectrum, samples: readonly Sample[], clean: Recovery): Promise<{ looks: number; alpha: number }[]> {
    const table = [];
    for (const looks of LOOKS) {
      table.push({ looks, alpha: await this.alphaOf(scaled(S, 1 / looks), samples, clean) });
    }
    return table;
  }
}

/**
 * For each ALPHA the noise, between the rungs of a ladder, at which the strongest attacker loses that share on the
 * `select` images, then more until it does on the held-out ones too.
 * @param ladder noise of rising strength
 * @throws VeilError `bad_request` when the strongest noise is not enough
 */
export async function calibrate(pass: Pass, judge: Judge, ladder: readonly NoiseSpectrum[]): Promise<Matrix[][]> {
  const { select, held_out } = pass.samples;
  const clean = { select: await judge.recover(null, select), held_out: await judge.recover(null, held_out) };
  const knots: Matrix[][] = [];
  let low = { place: 0, alpha: await judge.alphaOf(ladder[0], select, clean.select) };
  for (const alpha of pass.question.alphas) {
    pass.pace.at(alpha);
    let high = low;
    while (high.alpha < alpha) {
      low = high;
      const place = Math.floor(low.place) + 1;
      if (place >= ladder.length) {
        throw new VeilError(
          'bad_request',
          `The strongest noise takes ${low.alpha.toFixed(3)} from the strongest attacker, less than ALPHA ${alpha}. Nothing was written.`,
          'Leave the ALPHA out that it does not reach.'
        );
      }
      high = { place, alpha: await judge.alphaOf(ladder[place], select, clean.select) };
      pass.pace.tick();
    }
    let found = high;
    for (let tries = 0; tries < MOST_TRIES && Math.abs(found.alpha - alpha) > TOLERANCE; tries++) {
      const place = low.place + ((alpha - low.alpha) / (high.alpha - low.alpha)) * (high.place - low.place);
      found = { place, alpha: await judge.alphaOf(rung(ladder, place), select, clean.select) };
      [low, high] = found.alpha < alpha ? [found, high] : [low, found];
    }
    found = await raise(judge, ladder, found, alpha, held_out, clean.held_out);
    knots.push(rung(ladder, found.place));
    low = found;
    pass.pace.tick();
  }
  return knots;
}

const STRIDE = 0.05;

/** More noise, step by step, until ALPHA holds on other images too. */
async function raise(
  judge: Judge,
  ladder: readonly NoiseSpectrum[],
  found: { place: number; alpha: number },
  alpha: number,
  samples: readonly Sample[],
  clean: Recovery
): Promise<{ place: number; alpha: number }> {
  for (let place = found.place; ; place += STRIDE) {
    const within = Math.min(place, ladder.length - 1);
    if (within === ladder.length - 1 || (await judge.alphaOf(rung(ladder, within), samples, clean)) >= alpha) {
      return { place: within, alpha: found.alpha };
    }
  }
}

/** S times a factor. */
export function scaled(S: NoiseSpectrum, factor: number): Matrix[] {
  return S.map(matrix => combine(factor, matrix, 0, matrix));
}

export function leakageOf({ linear, decoder, detail }: Recovery): MeasuredLeakage {
  const measured = (errors: Recovery['linear']) => ({ r2: pooledR2(errors), interval: pooledR2Interval(errors) });
  return { linear: measured(linear), decoder: measured(decoder), detail: pooledR2(detail) };
}
