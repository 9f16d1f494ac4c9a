import { pooledR2, pooledR2Interval } from '../evaluation/recovery';
import { asStored, type Weights } from '../models';
import { type OnnxModel } from '../models/onnx';
import { VeilError, type MeasuredLeakage } from '../protocol';
import { combine, type Matrix } from '../numerics/symmetric';
import { AttackedView, Attackers, strongestR2, trainDecoder, type Recovery } from './attacker';
import { type NoiseSpectrum } from './leakage';
import { type Pass } from './pass';
import { type Sample } from './samples';
import { rung } from './shaping';
import { type Statistics } from './statistics';

/** An attacker let loose on noise, with common random numbers: the same noise coefficients in every measurement. */
export class Judge {
  private constructor(
    private readonly pass: Pass,
    private readonly statistics: Statistics,
    private readonly attackers: Attackers
  ) {}

  static async open(pass: Pass, statistics: Statistics, decoder: OnnxModel, weights: Weights): Promise<Judge> {
    return new Judge(pass, statistics, await Attackers.open(decoder, weights, statistics, pass.device));
  }

  async recover(S: NoiseSpectrum | null, samples: readonly Sample[]): Promise<Recovery> {
    const view = await AttackedView.open(this.statistics, S, this.pass.device);
    const recovery = await this.attackers.recover(view, samples, await this.pass.normals('judge'));
    await view.release();
    return recovery;
  }

  /**
   * The share of what the strongest attacker recovers from clean activations that noise S takes away.
   * @param clean R2 of the strongest attacker on clean activations
   */
  async alphaOf(S: NoiseSpectrum, samples: readonly Sample[], clean: number): Promise<number> {
    return 1 - strongestR2(await this.recover(S, samples)) / clean;
  }

  async release(): Promise<void> {
    await this.attackers.release();
  }
}

/** The noise of one ALPHA, and the decoder that was trained against it. */
export interface CalibratedKnot {
  /** On the ladder. */
  place: number;
  S: Matrix[];
  decoder: Weights;
}

/** A decoder is trained on where the one before it would put the noise; what it then finds moves the noise up. */
const ROUNDS = 2;
const PACES = [
  { rate: 2e-3, how: '' },
  { rate: 4e-4, how: ', slowly' }
];
/** ALPHA is met to so much: roughly while the decoder still learns, from above in the end. */
const ROUGHLY = 0.02;
const CLOSELY = 0.003;
const MOST_TRIES = 10;

/**
 * Puts noise on a ladder at which an attacker loses the share ALPHA, knot by knot: a decoder, begun as that of the knot
 * before, is trained for this ALPHA alone, so that the noise grows until the trained one loses that share on the `select`
 * and on the held-out images.
 */
export class Calibration {
  private constructor(
    private readonly pass: Pass,
    private readonly statistics: Statistics,
    private readonly graph: OnnxModel,
    private readonly ladder: readonly NoiseSpectrum[],
    private readonly clean: Record<'select' | 'held_out', number>
  ) {}

  /** @param ladder noise of rising strength @param first a decoder trained on little and no noise */
  static async open(
    pass: Pass,
    statistics: Statistics,
    graph: OnnxModel,
    ladder: readonly NoiseSpectrum[],
    first: Weights
  ): Promise<Calibration> {
    const judge = await Judge.open(pass, statistics, graph, first);
    const { select, held_out } = pass.samples;
    const clean = {
      select: strongestR2(await judge.recover(null, select)),
      held_out: strongestR2(await judge.recover(null, held_out))
    };
    await judge.release();
    return new Calibration(pass, statistics, graph, ladder, clean);
  }

  /**
   * @param before the knot of the next smaller ALPHA, or where to begin
   * @throws VeilError `bad_request` when the strongest noise is not enough
   */
  async meet(alpha: number, before: Pick<CalibratedKnot, 'place' | 'decoder'>): Promise<CalibratedKnot> {
    let { place, decoder } = before;
    for (let round = 0; round < ROUNDS; round++) {
      place = await this.seek(alpha, place, decoder, 'select', ROUGHLY);
      decoder = await this.improve(rung(this.ladder, place), decoder, `decoder of ${alpha}, ${round}`);
    }
    place = await this.seek(alpha, place, decoder, 'select', CLOSELY);
    place = await this.seek(alpha, place, decoder, 'held_out', CLOSELY);
    return { place, S: rung(this.ladder, place), decoder };
  }

  /** A decoder for noise whose strength is given. */
  async attack(place: number, before: Pick<CalibratedKnot, 'decoder'>): Promise<CalibratedKnot> {
    const S = rung(this.ladder, place);
    let { decoder } = before;
    for (let round = 0; round < ROUNDS; round++) {
      decoder = await this.improve(S, decoder, `decoder at ${place}, ${round}`);
    }
    return { place, S, decoder };
  }

  /** Train a decoder on; slowly where it loses by that, as it can in strong noise; not at all where it loses by that too. */
  private async improve(S: NoiseSpectrum, start: Weights, purpose: string): Promise<Weights> {
    const known = await this.r2(S, start);
    for (const { rate, how } of PACES) {
      const trained = await this.train(S, start, `${purpose}${how}`, rate);
      if ((await this.r2(S, trained)) > known) {
        return trained;
      }
    }
    return start;
  }

  private async r2(S: NoiseSpectrum, decoder: Weights): Promise<number> {
    const judge = await Judge.open(this.pass, this.statistics, this.graph, decoder);
    const recovery = await judge.recover(S, this.pass.samples.select);
    await judge.release();
    return pooledR2(recovery.decoder);
  }

  private async train(S: NoiseSpectrum, start: Weights, purpose: string, rate: number): Promise<Weights> {
    const { pass, statistics } = this;
    const view = await AttackedView.open(statistics, S, pass.device);
    const weights = await trainDecoder(
      this.graph,
      {
        statistics,
        samples: pass.samples.fit,
        views: [view],
        steps: pass.effort.knotSteps,
        rate,
        random: pass.random(purpose),
        normals: await pass.normals(purpose),
        device: pass.device,
        seen: () => pass.pace.tick()
      },
      start
    );
    await view.release();
    return asStored(weights);
  }

  /** The first place from `from` on at which the attacker loses the share: from above, to `tolerance`. */
  private async seek(
    alpha: number,
    from: number,
    decoder: Weights,
    part: 'select' | 'held_out',
    tolerance: number
  ): Promise<number> {
    const { pass, ladder } = this;
    const judge = await Judge.open(pass, this.statistics, this.graph, decoder);
    const at = async (place: number) => {
      const found = await judge.alphaOf(rung(ladder, place), pass.samples[part], this.clean[part]);
      pass.pace.tick(0);
      return { place, alpha: found };
    };
    let high = await at(from);
    let low = high;
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
      high = await at(place);
    }
    for (let tries = 0; tries < MOST_TRIES && high.alpha - alpha > tolerance && high.place > low.place; tries++) {
      // A little beyond where a straight line would meet it, so that the bracket closes from above too.
      const aim = Math.min(alpha + tolerance / 2, (alpha + high.alpha) / 2);
      const middle = await at(low.place + ((aim - low.alpha) / (high.alpha - low.alpha)) * (high.place - low.place));
      [low, high] = middle.alpha < alpha ? [middle, high] : [low, middle];
    }
    await judge.release();
    return high.place;
  }
}

/** Ticks of `Calibration.meet` and `attack`. */
export const ticksOfAKnot = (knotSteps: number): number => ROUNDS * knotSteps;

/** S times a factor. */
export function scaled(S: NoiseSpectrum, factor: number): Matrix[] {
  return S.map(matrix => combine(factor, matrix, 0, matrix));
}

export function leakageOf({ linear, decoder, detail }: Recovery): MeasuredLeakage {
  const measured = (errors: Recovery['linear']) => ({ r2: pooledR2(errors), interval: pooledR2Interval(errors) });
  return { linear: measured(linear), decoder: measured(decoder), detail: pooledR2(detail) };
}
