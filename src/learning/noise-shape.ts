import { dot, trace } from '../numerics/matrix';
import { combine, eigenSymmetric, multiply, positivePart, spectralMap, type Matrix } from '../numerics/symmetric';
import { VeilError } from '../protocol';
import { leakage, noNoise, type NoiseSpectrum } from './leakage';
import { type Spectra } from './spectra';

/** B = Say Say^H per bin [C,C], and `floor` times its mean diagonal in every direction: noise against linear attackers. */
export function linearTargets({ ay, channels, targets }: Spectra, floor: number): Matrix[] {
  return ay.map(matrix => {
    const B = selfProduct(matrix, channels, targets);
    const lift = (floor * trace(B, channels)) / channels;
    for (let i = 0; i < channels; i++) {
      B[i * (channels + 1)] += lift;
    }
    return B;
  });
}

export interface NoiseShape {
  S: NoiseSpectrum;
  /** What the full-field linear attacker recovers of the images' variance. */
  leakage: number;
  /** Expected cost to the task, sum over f of tr(G_f S_f). */
  cost: number;
}

/** Directions to which the task is less sensitive than this share of the most sensitive one count as so sensitive. */
const LEAST_SENSITIVITY = 1e-4;
/** Leakage is met to this share of the clean one. */
const TOLERANCE = 1e-6;
const MOST_STEPS = 100;
/** The strength, log sqrt(lambda), is sought in strides, so far to both sides. */
const STRIDE = 2;
const REACH = 40;

/** A strength that was tried. */
interface Attempt {
  log: number;
  S: NoiseSpectrum;
  leaks: number;
  /** How much more leaks than should. */
  excess: number;
  /** The same, as it counts in the search. */
  weight: number;
  /** Whether this end of the bracket was the last to move. */
  moved: boolean;
}

/**
 * The noise that costs the task least for what it takes from the attacker: minimise sum_f tr(G_f S_f) + lambda L(S).
 * With R = Saa + S and, for the linear attacker, B = Say Say^H the stationary point R G R = lambda B is a geometric mean of matrices,
 * R = G^-1/2 (lambda G^1/2 B G^1/2)^1/2 G^-1/2 (Bhatia, Positive Definite Matrices, chapter 4), and S the positive part
 * of R - Saa. By the data-processing inequality no attacker gains from S to an S that is larger in the matrix order.
 */
export class NoiseShaper {
  private readonly means: Matrix[];
  private readonly clean: number;
  private atLeast: NoiseSpectrum | undefined;

  /**
   * @param spectra of activations and images
   * @param G sensitivity of the task per bin [C, C]: mean of g_f g_f^H, g the gradient of the loss by the activation
   * @param B what the attacker is after, per bin [C, C]
   */
  constructor(
    private readonly spectra: Spectra,
    private readonly G: readonly Matrix[],
    B: readonly Matrix[]
  ) {
    this.means = G.map((sensitivity, bin) => this.geometricMean(sensitivity, B[bin]));
    this.clean = leakage(spectra, noNoise(spectra));
  }

  /**
   * The noise at which the full-field linear attacker loses the share `alpha` of what it recovers from clean activations.
   * @param alpha in 0…1, without 1
   * @param atLeast the S of a smaller ALPHA: the result is as large in the matrix order
   * @throws VeilError `bad_request` when no strength reaches it, or `atLeast` is beyond it already
   */
  shape(alpha: number, atLeast?: NoiseSpectrum): NoiseShape {
    this.atLeast = atLeast;
    const { low, high } = this.bracket((1 - alpha) * this.clean);
    if (low.excess < 0 || high.excess > 0) {
      throw new VeilError(
        'bad_request',
        `No noise of this shape takes the share ${alpha} from the linear attacker. Nothing was learned.`,
        'Give more photographs, and different ones.'
      );
    }
    if (low.excess === 0) {
      return this.describe(low);
    }
    // Regula falsi in the variant "Illinois": an end that stays twice counts half (Dowell and Jarratt 1971).
    for (let step = 0; step < MOST_STEPS; step++) {
      const log = (low.log * high.weight - high.log * low.weight) / (high.weight - low.weight);
      const middle = this.attempt(log, (1 - alpha) * this.clean);
      if (Math.abs(middle.excess) <= TOLERANCE * this.clean) {
        return this.describe(middle);
      }
      const [moved, stays] = middle.excess > 0 ? [low, high] : [high, low];
      stays.weight /= moved.moved ? 2 : 1;
      Object.assign(moved, middle, { moved: true });
      stays.moved = false;
    }
    return this.describe(high);
  }

  /** Two strengths with the target between what they leak, if there are such. */
  private bracket(target: number): { low: Attempt; high: Attempt } {
    const { aa, channels } = this.spectra;
    const size = (matrices: readonly Matrix[]) => matrices.reduce((sum, matrix) => sum + trace(matrix, channels), 0);
    // As much noise as there is signal.
    const start = Math.log((2 * size(aa)) / size(this.means));
    let low = this.attempt(start, target);
    let high = low;
    while (low.excess < 0 && low.log > start - REACH) {
      [low, high] = [this.attempt(low.log - STRIDE, target), low];
    }
    while (high.excess > 0 && high.log < start + REACH) {
      [low, high] = [high, this.attempt(high.log + STRIDE, target)];
    }
    return { low: { ...low }, high: { ...high } };
  }

  private attempt(log: number, target: number): Attempt {
    const S = this.at(log);
    const leaks = leakage(this.spectra, S);
    return { log, S, leaks, excess: leaks - target, weight: leaks - target, moved: false };
  }

  /** S for sqrt(lambda) = e^log. */
  private at(log: number): NoiseSpectrum {
    const { aa, channels } = this.spectra;
    return this.means.map((mean, bin) => {
      const base = this.atLeast?.[bin];
      const signal = base ? combine(1, aa[bin], 1, base) : aa[bin];
      const more = positivePart(combine(Math.exp(log), mean, -1, signal), channels);
      return base ? combine(1, base, 1, more) : more;
    });
  }

  private geometricMean(sensitivity: Matrix, B: Matrix): Matrix {
    const { channels } = this.spectra;
    const eigen = eigenSymmetric(sensitivity, channels);
    const least = LEAST_SENSITIVITY * eigen.values[channels - 1];
    if (!(least > 0)) {
      throw new VeilError(
        'model_mismatch',
        'The tail does not depend on the activation: its gradients are zero. Nothing was learned.',
        'Cut the network at another tensor.'
      );
    }
    const root = spectralMap(eigen, value => Math.sqrt(Math.max(value, least)));
    const inverse = spectralMap(eigen, value => 1 / Math.sqrt(Math.max(value, least)));
    const inner = eigenSymmetric(multiply(multiply(root, B, channels), root, channels), channels);
    const middle = spectralMap(inner, value => Math.sqrt(Math.max(value, 0)));
    return multiply(multiply(inverse, middle, channels), inverse, channels);
  }

  private describe({ S, leaks }: Attempt): NoiseShape {
    const { counts } = this.spectra.bins;
    const cost = S.reduce((sum, matrix, bin) => sum + counts[bin] * dot(this.G[bin], matrix), 0);
    return { S, leakage: leaks, cost };
  }
}

/** A A^T for A [n, m]. */
function selfProduct(A: Matrix, n: number, m: number): Matrix {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n) * m, (at % n) * m];
    let sum = 0;
    for (let k = 0; k < m; k++) {
      sum += A[i + k] * A[j + k];
    }
    return sum;
  });
}
